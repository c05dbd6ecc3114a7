"""What a kind of board is like: its pins, its speed and its pauses."""

from dataclasses import dataclass, field


def _pico_names() -> dict[str, int]:
    """The chip's names and those on the board."""
    chip = {f"GPIO{n}": n for n in range(30)}
    return chip | {f"GP{n}": n for n in (*range(23), 25, 26, 27, 28)} | {"LED": 25}


@dataclass(frozen=True)
class BoardProfile:
    """Figures of one kind of board. Times in microseconds unless named otherwise.

    The costs are FACTS.md's measurements on an emulated RP2040 (MicroPython 1.28, 125 MHz).
    `bytecode_us` is the interpreter's own work that goes with one board call: virtual time
    passes only in board calls, so each carries its share of the code around it.
    """

    name: str = "pico"
    machine: str = "Raspberry Pi Pico with RP2040"
    cpu_hz: int = 125_000_000
    pin_us: int = 7
    pwm_us: int = 8
    adc_us: int = 8
    ticks_us: int = 4
    call_us: int = 12
    serial_us: int = 12
    bytecode_us: int = 16
    loop_us: int = 4  # one turn of an empty loop
    interrupt_latency_us: int = 11
    interrupt_exit_us: int = 2
    soft_latency_us: int = 30
    gc_us: int = 2_100
    gc_pause_us: tuple[int, int] = (2_000, 6_000)
    gc_interval_us: tuple[int, int] = (300_000, 1_500_000)  # zeros: no collection by itself
    flash_bytes: int = 1_441_792  # file system of the Pico's 2 MB flash (rp2 port, 1408 kB)
    flash_erase_us: int = 45_000  # one 4 kB sector, interrupts off
    flash_program_us: int = 700  # one 256-byte page, interrupts off
    heap_bytes: int = 245_000
    heap_free_bytes: int = 240_000
    stack_bytes: int = 7_936
    hard_timer: bool = True
    pin_count: int = 30
    pins_pwm: tuple[int, ...] = tuple(range(30))
    pins_adc: tuple[int, ...] = (26, 27, 28, 29)
    pin_names: dict[str, int] = field(default_factory=_pico_names)
    adc_noise_codes: int = 2  # of 4,096; each conversion is off by at most so many
    core_celsius: float = 27.0
    first_wrap_us: int = 5_000_000  # after power-up both tick counters wrap
    wdt_limit_ms: int = 8_388
    brown_out_v: float = 1.8  # lowest VSYS of the Pico's regulator (Pico datasheet, powerchain)

    def costs(self) -> tuple[int, int, int, int, int]:
        """Cost of Pin, PWM, ADC, ticks and other calls, with their share of bytecode."""
        kinds = (self.pin_us, self.pwm_us, self.adc_us, self.ticks_us, self.call_us)
        return tuple(kind + self.bytecode_us for kind in kinds)  # type: ignore[return-value]


PICO = BoardProfile()
