"""One short scenario for each fault of the table: a part fails by its mechanism on a bench.

A scenario gets a maker of benches, which holds the engine and the seed, and returns the bench on
which it has happened. Reaction times are the matter of test_faults.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penhost import Pen
from pensim import Bench
from pensim.cartridge import SimulatedCartridge
from pensim.firmware import Firmware
from pensim.serial_port import SimulatedPort
from tests.system.story import state

MakeBench = Callable[..., Bench]

KP_LOST = (
    "            gap = (now - last) & _MASK\n",
    "            gap = (now - last) & _MASK\n"
    "            if self.state == _RUNNING and self.state_ms > 200:\n"
    "                self.kp_q16 = None\n",
)  # a word of memory is lost: the law raises a TypeError


@contextmanager
def linked(bench: Bench) -> Iterator[Pen]:
    """A host on the bench's link. The bench stays when it leaves."""
    with Pen(SimulatedPort.on_bench(bench)) as pen:
        yield pen


def started(make: MakeBench, zone: str = "", **options) -> Bench:
    """A pen that has been started and is up to its rate, in the air or on skin."""
    bench = make(**options)
    bench.operator.at(0.2, bench.operator.insert_cartridge)
    bench.run(0.7)
    bench.operator.click()
    bench.run(0.7)
    if zone:
        bench.operator.touch(zone)
        bench.run(0.2)
    return bench


def hazard(name: str, zone: str = "cheek", seconds: float = 0.4) -> Callable[[MakeBench], Bench]:
    """The scenario of a part that fails while the pen treats."""

    def scenario(make: MakeBench) -> Bench:
        bench = started(make, zone)
        bench.operator.hazard(name)
        bench.run(seconds)
        return bench

    return scenario


def overcurrent(make: MakeBench) -> Bench:
    """The shunt's amplifier sees 3.1 A."""
    bench = started(make, "cheek")
    bench.kernel.set_code_fault(0, 46000, 0)
    bench.run(0.3)
    return bench


def proof(*hazards: str) -> Callable[[MakeBench], Bench]:
    """The scenario of parts that have failed when a run is to begin."""

    def scenario(make: MakeBench) -> Bench:
        bench = make()
        bench.operator.insert_cartridge()
        bench.run(0.8)
        for name in hazards:
            bench.operator.hazard(name)
        bench.operator.click()
        bench.run(0.5)
        return bench

    return scenario


def motor_moves(make: MakeBench) -> Bench:
    """Load switch and bridge are both shorted."""
    bench = make()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.hazard("load_switch_shorted")
    bench.operator.hazard("bridge_shorted")
    bench.run(0.3)
    return bench


def position_mismatch(make: MakeBench) -> Bench:
    """The axis jams, and a cartridge that goes less deep makes it move."""
    bench = make()
    bench.run(0.5)
    bench.operator.hazard("axis_jammed")
    bench.operator.insert_cartridge(SimulatedCartridge(max_depth_um=100))
    bench.run(0.8)
    return bench


def deadline_missed(make: MakeBench) -> Bench:
    """Interrupts are held back for 4 ms."""
    bench = started(make)
    bench.board.processor.hold(4_000)
    bench.run(0.3)
    return bench


def internal_error(make: MakeBench) -> Bench:
    """A word that the interrupt reads is lost."""
    files = dict(Firmware.installed().files)
    source = files["/penfw/control.py"].decode()
    assert source.count(KP_LOST[0]) == 1
    files["/penfw/control.py"] = source.replace(*KP_LOST).encode()
    return started(make, firmware=Firmware(tuple(sorted(files.items()))))


def settings_corrupt(make: MakeBench) -> Bench:
    """Bits have tipped in the only slot there is."""
    bench = make()
    bench.board.flash.files["/settings_a"] = b"garbage"
    bench.board.power_on()
    bench.run(0.5)
    return bench


def watchdog_reset(make: MakeBench) -> Bench:
    """The timer stalls; two seconds later the pen boots again."""
    bench = make()
    bench.run(0.5)
    bench.board.timers.reset()
    bench.run(2.5)
    assert bench.board.boots == 2
    return bench


def cartridge_removed(make: MakeBench) -> Bench:
    """The cartridge is taken off in the skin."""
    bench = started(make, "cheek")
    bench.operator.remove_cartridge()
    bench.run(0.4)
    return bench


def cartridge_invalid(make: MakeBench) -> Bench:
    """A bit has tipped in the cartridge's record."""
    bench = make()
    cartridge = SimulatedCartridge()
    cartridge.damage()
    bench.operator.at(0.2, lambda: bench.operator.insert_cartridge(cartridge))
    bench.run(0.5)
    return bench


def cartridge_used(make: MakeBench) -> Bench:
    """A cartridge comes back that was taken off after use."""
    bench = started(make)
    bench.operator.click()
    bench.run(0.7)
    used = bench.operator.remove_cartridge()
    bench.run(0.3)
    bench.operator.insert_cartridge(used)
    bench.run(0.3)
    return bench


def cartridge_expired(make: MakeBench) -> Bench:
    """A cartridge whose strokes are used up by a treatment."""
    bench = make()
    bench.operator.insert_cartridge(SimulatedCartridge(strokes_allowed=50))
    bench.run(0.8)
    bench.operator.click()
    bench.run(1.2)
    bench.operator.click()
    bench.run(1.0)
    return bench


def power_lost(make: MakeBench) -> Bench:
    """The cell's contact is bad: a scar pulls its voltage below what the board needs."""
    bench = started(make, "scar", settings={"stroke_rate": 110000, "depth": 1500})
    bench.operator.hazard("cell_contact")
    bench.run(0.8)
    assert bench.electronics.brown_outs == 1
    return bench


def usb_power(make: MakeBench) -> Bench:
    """A charger is plugged in during a treatment."""
    bench = started(make, "cheek")
    bench.operator.usb_power()
    bench.run(0.4)
    return bench


def link_lost(make: MakeBench) -> Bench:
    """The host runs the motor in service and falls silent."""
    bench = make()
    bench.run(0.5)
    bench.operator.click(3.2)
    bench.run(3.4)
    assert state(bench) == "SERVICE"
    with linked(bench) as pen:
        assert not pen.command("run", 50000).pending
        bench.run(1.2)
    return bench


def home_not_found(make: MakeBench) -> Bench:
    """The axis is jammed from the beginning."""
    bench = make()
    bench.operator.hazard("axis_jammed")
    bench.run(1.0)
    return bench


def button_stuck(make: MakeBench) -> Bench:
    """The button stays down."""
    bench = make()
    bench.operator.insert_cartridge()
    bench.run(0.5)
    bench.operator.press()
    bench.run(10.3)
    return bench


# Fault: what provokes it, and the faults that are latched in the end.
SCENARIOS: dict[str, tuple[Callable[[MakeBench], Bench], set[str]]] = {
    "overspeed": (hazard("bridge_shorted"), {"overspeed"}),
    "overcurrent": (overcurrent, {"overcurrent"}),
    "motor moves when stopped": (motor_moves, {"motor moves when stopped", "overspeed"}),
    "position sensor range": (hazard("position_open"), {"position sensor range"}),
    "position mismatch": (position_mismatch, {"position mismatch"}),
    "implausible tachometer": (hazard("top_dead_centre_open"), {"implausible tachometer"}),
    "control deadline missed": (deadline_missed, {"control deadline missed"}),
    "internal error": (internal_error, {"internal error"}),
    "settings corrupt": (settings_corrupt, {"settings corrupt"}),
    "watchdog reset": (watchdog_reset, {"watchdog reset"}),
    "park not reached": (hazard("motor_jammed", seconds=1.0), {"stall", "park not reached"}),
    "stall": (hazard("load_switch_open", seconds=0.8), {"stall", "park not reached"}),
    "tachometer loss": (hazard("tachometer_open"), {"tachometer loss"}),
    "cartridge removed": (cartridge_removed, {"cartridge removed"}),
    "cartridge invalid": (cartridge_invalid, {"cartridge invalid"}),
    "cartridge used": (cartridge_used, {"cartridge used"}),
    "cartridge expired": (cartridge_expired, {"cartridge expired"}),
    "power lost": (power_lost, {"power lost"}),
    "USB power while running": (usb_power, {"USB power while running"}),
    "battery critical": (hazard("battery_empty", seconds=0.8), {"battery critical"}),
    "over-temperature": (hazard("temperature_shorted"), {"over-temperature"}),
    "link lost in service": (link_lost, {"link lost in service"}),
    "home not found": (home_not_found, {"home not found"}),
    "button stuck": (button_stuck, {"button stuck"}),
    "stop path: bridge": (proof("bridge_shorted"), {"stop path: bridge", "overspeed"}),
    "stop path: load switch": (proof("load_switch_shorted"), {"stop path: load switch"}),
    "stop path: test current": (proof("bridge_open"), {"stop path: test current"}),
}
