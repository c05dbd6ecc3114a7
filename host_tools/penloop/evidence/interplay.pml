/* The interplay of control interrupt, main loop, host and button.
 *
 * The constants and next_state() stand before this text: made from penfw.states, not copied. Names
 * are those of the firmware: control.py (look, button, obey, transition, begin), pen.py and the
 * modules that its pass calls. The interrupt may enter between any two statements of the main
 * loop that touch a shared word; a pass ends once the interrupt has nothing more to do, as it
 * looks every 2 ms and the loop sleeps for 10. Operators stand at the end of a line: Spin takes a
 * line that ends with a bracket for a whole statement.
 */

#ifndef FAULTS
#define FAULTS 1 /* sudden ones, of either class; a lost link comes as often as it likes */
#endif
#ifndef CARTRIDGES
#define CARTRIDGES 1 /* times that it may be taken out, or put in again */
#endif

#define LAW_OFF 0
#define LAW_RUN 1
#define LAW_PARK 2
#define LAW_PROVE 4

/* Shared words. */
byte state = SELF_TEST;
byte law = LAW_OFF;
short own = 0;
short main_conditions = 0;
bool main_asks, main_clear, main_window;
byte main_law = LAW_OFF;
bool main_park_fault, moved;
bool button_in, button_down, button_looks, pressed_ready;
bool inserted = 1;

/* Whether the interrupt has nothing to do until something changes. */
bool idle;

/* What the properties speak of. */
bool press_in_ready; /* the last press came in READY, which has not been left since */
bool consent;        /* that press was released there, and none has come since */
bool run_wanted;     /* the host's last word on the motor in SERVICE */
bool stopped;        /* the host has stopped in this pass */
bool afar;           /* the host has acknowledged, and no press has been seen since */

byte faults_left = FAULTS;
byte handlings_left = CARTRIDGES;

short c; /* of a look only */
byte following;

/* The control interrupt */

inline begin(wanted) {
    law = wanted;
    moved = 0;
    assert(!(law && main_window)); /* no motor while flash is written */
    assert(!(law && afar)); /* nobody is known to be at the pen */
}

inline button_changed() {
    button_looks = 0;
    button_down = button_in;
    if
    :: button_down -> consent = 0; afar = 0; press_in_ready = (state == READY)
    :: !button_down && state == READY && press_in_ready -> consent = 1
    :: else
    fi;
    if
    :: button_down && (state == RUNNING || state == PARKING || state == READY) ->
        own = own | STOP;
        pressed_ready = (state == READY)
    :: !button_down && state == READY ->
        if
        :: pressed_ready -> own = own & ~STOP
        :: else
        fi
    :: button_down && state == SELF_TEST ->
        own = own | STOP;
        if
        :: law == LAW_PROVE -> begin(LAW_OFF)
        :: else
        fi
    :: button_down && state != RUNNING && state != PARKING && state != READY &&
       state != SELF_TEST && law == LAW_RUN -> begin(LAW_PARK)
    :: else
    fi
}

inline obey() {
    main_asks = 0;
    if
    :: main_clear -> main_clear = 0; own = own & ~(CUT_FAULT | PARK_FAULT)
    :: else
    fi;
    if
    :: main_park_fault -> main_park_fault = 0; own = own | PARK_FAULT
    :: else
    fi;
    following = main_law;
    main_law = LAW_OFF;
    if
    :: following != LAW_OFF && following != law &&
       (state == (following == LAW_PROVE -> SELF_TEST : SERVICE)) &&
#ifndef OLD_OBEY
       !(button_down && following != LAW_PARK) &&
#endif
       !(own & CUT_FAULT) ->
        assert(!(following == LAW_RUN && button_down)); /* not under the finger */
        begin(following)
    :: else
    fi
}

inline transition() {
    c = main_conditions | own;
    next_state();
    if
    :: following == state -> idle = !button_looks
#ifndef OLD_PARKING
    :: following == PARKING && state != PARKING && main_window -> skip /* looks again */
#endif
    :: else ->
        state = following;
        own = own & (CUT_FAULT | PARK_FAULT);
        pressed_ready = 0; /* of no meaning elsewhere, as what follows: fewer states to look at */
        press_in_ready = 0;
        run_wanted = run_wanted && state == SERVICE;
        moved = 0;
        if
        :: state == READY ->
#ifndef OLD_READY
            own = own | STOP;
#endif
            consent = 0;
            begin(LAW_OFF)
        :: state == RUNNING ->
            assert(consent); /* a fresh press and release in READY, and none since */
            consent = 0;
            begin(LAW_RUN)
        :: state == PARKING -> begin(LAW_PARK)
        :: state == SELF_TEST && (c & START) -> begin(LAW_PROVE)
        :: else -> consent = 0; begin(LAW_OFF)
        fi
    fi
}

inline look() {
    if
    :: button_in == button_down -> button_looks = 0
    :: else
    fi;
    if
    :: button_in != button_down && button_looks -> button_changed()
    :: else ->
        button_looks = (button_in != button_down);
        if
        :: main_asks -> obey()
        :: else -> transition()
        fi
    fi;
    /* What must hold after every look. */
    assert(law != LAW_RUN || state == RUNNING || state == SERVICE);
    assert(law != LAW_PARK || state == PARKING || state == SERVICE);
    assert(law != LAW_PROVE || state == SELF_TEST);
    assert(!idle || !button_down || law != LAW_RUN); /* a press ends a run at once */
#ifdef NEVER_RUNS
    assert(!(state == NEVER_RUNS && law == LAW_RUN)); /* false, if this is explored at all */
#endif
    following = 0;
    c = 0
}

active proctype interrupt() {
    do
    :: d_step { !idle -> look() }
    :: d_step { law == LAW_PARK -> own = own | PARKED; law = LAW_OFF; idle = 0 }
    :: d_step { law == LAW_PROVE -> own = own | PROVED; law = LAW_OFF; idle = 0 }
    :: d_step { law == LAW_PROVE -> moved = 1; law = LAW_OFF; idle = 0 }
    :: d_step { faults_left ->
        faults_left--;
        own = own | CUT_FAULT;
        if
        :: law == LAW_PROVE -> law = LAW_OFF
        :: else
        fi;
        idle = 0 }
    :: d_step { faults_left ->
        faults_left--;
        own = own | PARK_FAULT;
        if
        :: law == LAW_PROVE -> law = LAW_OFF
        :: else
        fi;
        idle = 0 }
    od
}

/* The person */

active proctype person() {
    do
    :: d_step { button_in = !button_in; idle = 0 }
    :: d_step { handlings_left -> handlings_left--; inserted = !inserted }
    od
}

/* The main loop; what it reads of a shared word and what it writes are statements of their own. */

#define CHANGED idle = 0

bool starting, testing = 1, fresh, down_before, read_cartridge;
bool top_in_doubt;           /* needles are to be parked on a press first */
byte seen_state = SELF_TEST; /* of the last pass */
byte now;                    /* as one statement has read it */
byte state_at_press;
bool held;                   /* seen down in an earlier pass too */

inline set_main(bits) { d_step { main_conditions = main_conditions | (bits); CHANGED } }
inline clear_main(bits) { d_step { main_conditions = main_conditions & ~(bits); CHANGED } }

inline want(wanted) {
    main_law = wanted;
    d_step { main_asks = 1; CHANGED }
}

inline call_off() {
    starting = 0;
    clear_main(START)
}

inline stop() {
#ifndef OLD_STOP_ORDER
    call_off();
#endif
    if
    :: state == SERVICE ->
#ifndef OLD_STOP
        if
        :: main_law == LAW_RUN -> want(LAW_PARK)
        :: else ->
#endif
            if
            :: law == LAW_RUN -> want(LAW_PARK)
            :: else
            fi
#ifndef OLD_STOP
        fi
#endif
    :: else
    fi;
    if
    :: (state == RUNNING || state == PARKING) -> set_main(STOP)
    :: else
    fi
#ifdef OLD_STOP_ORDER
    ;
    call_off()
#endif
}

inline flash_window() {
    if
    :: skip /* nothing to write */
    :: d_step { (state != RUNNING && state != PARKING && !starting && !main_asks) &&
         (!fresh || held) && !(main_conditions & (START | PARK_WANTED)) -> now = 1 };
        if
        :: law == LAW_OFF ->
            main_window = 1;
#ifndef OLD_WINDOW
            if
            :: (state == RUNNING || state == PARKING || law != LAW_OFF) -> main_window = 0
            :: else ->
#endif
                assert(law == LAW_OFF); /* flash is written here */
                main_window = 0;
                d_step { fresh = 0; CHANGED }
#ifndef OLD_WINDOW
            fi
#endif
        :: else
        fi
    fi
}

inline state_changed() {
    now = state;
    if
    :: now != seen_state ->
        d_step {
            main_conditions = main_conditions & (TESTED | CARTRIDGE |
                ((now == SELF_TEST && seen_state == READY) -> START : 0));
            CHANGED;
            if
            :: seen_state == PARKING && now == SELF_TEST -> top_in_doubt = 0
            :: else
            fi;
            seen_state = now;
            if
            :: now != SELF_TEST && now != READY -> starting = 0
            :: else
            fi;
            testing = (now == SELF_TEST && !(main_conditions & TESTED))
        }
    :: else
    fi
}

inline gestures() {
    d_step { c_down = button_down; now = state };
    if
    :: c_down && !down_before ->
        d_step { down_before = 1; fresh = 1; held = 0; state_at_press = now };
        call_off();
        now = state;
        if
        :: now == SERVICE ->
            if
            :: law == LAW_OFF -> set_main(SERVICE_OFF)
            :: else
            fi
        :: else
        fi
    :: !c_down && down_before ->
        down_before = 0;
        if
        :: fresh -> released()
        :: else
        fi;
        d_step { fresh = 0; held = 0; state_at_press = 0; now = 0 }
    :: c_down && down_before -> held = 1
    :: else
    fi
}

inline released() {
    now = state;
    if
    :: now == READY && state_at_press == READY -> begin_treatment()
    :: testing -> set_main(PARK_WANTED) /* if the needles are out */
    :: held && now == FAULT && state_at_press == FAULT ->
        clear_main(TESTED);
        main_clear = 1;
        d_step { main_asks = 1; CHANGED };
        set_main(ACKNOWLEDGED)
    :: held && (now == STANDBY || now == READY || testing) -> set_main(SERVICE_ON)
    :: skip /* of another length */
    fi
}

inline begin_treatment() {
    if
    :: skip /* refused */
    :: skip -> starting = 1 /* the cartridge has been marked meanwhile */
    fi
}

inline cartridge() {
    if
    :: !inserted -> read_cartridge = 0; clear_main(CARTRIDGE)
    :: inserted && !read_cartridge ->
        if
        :: (state == STANDBY || state == SERVICE) -> read_cartridge = 1; set_main(CARTRIDGE)
        :: else
        fi
    :: else
    fi
}

inline in_state() {
    now = state;
    if
    :: testing ->
        if
        :: top_in_doubt -> skip
        :: !top_in_doubt && (own & PROVED) -> d_step { testing = 0; main_conditions = main_conditions | TESTED; CHANGED }
        :: else ->
            if
            :: law == LAW_OFF && !main_asks && !moved && !button_down -> want(LAW_PROVE)
            :: else
            fi
        fi
    :: !testing && now == SELF_TEST ->
        if
        :: (own & PROVED) || law != LAW_OFF ->
            if
            :: !(main_conditions & CARTRIDGE) -> call_off()
            :: else
            fi
        :: else ->
            if
            :: moved -> set_main(PARK_WANTED)
            :: else -> call_off()
            fi
        fi
    :: !testing && now == READY ->
        if
        :: starting -> set_main(START) /* the needles have their depth */
        :: else
        fi
    :: !testing && now == RUNNING ->
        if
        :: skip
        :: skip -> stop() /* the run limit */
        fi
    :: !testing && now == SERVICE ->
        if
        :: skip
        :: law == LAW_RUN -> main_park_fault = 1; d_step { main_asks = 1; CHANGED } /* link lost */
        :: law == LAW_RUN -> want(LAW_PARK)
        :: law == LAW_OFF -> set_main(SERVICE_OFF)
        fi
    :: else
    fi
}

inline acknowledge() {
    afar = 1;
    if
#ifndef OLD_SEEN
    :: seen_state != FAULT -> afar = 0 /* refused */
#endif
    :: button_down -> afar = 0 /* refused */
    :: else ->
        clear_main(TESTED);
        main_clear = 1;
        d_step { main_asks = 1; CHANGED };
        set_main(ACKNOWLEDGED);
#ifndef NO_DOUBT
        top_in_doubt = 1;
#endif
#ifndef OLD_PRESS
        d_step { fresh = 0; CHANGED }
#else
        skip
#endif
    fi
}

inline host() {
    if
    :: skip
    :: skip -> run_wanted = 0; stop(); stopped = 1
    :: state == SERVICE ->
        run_wanted = 1;
        want(LAW_RUN);
        if
        :: skip
        :: skip -> run_wanted = 0; stop(); stopped = 1 /* right behind it */
        fi
    :: state == SERVICE -> run_wanted = 0; want(LAW_PARK)
    :: state == FAULT -> acknowledge()
    fi
}

active proctype main_loop() {
    bool c_down;
    do
    :: flash_window();
        state_changed();
        now = 0;
        gestures();
        cartridge();
        in_state();
        host();
        now = 0; c_down = 0;
        idle; /* sleeps */
        d_step {
            /* A stop is not lost, wherever it came. */
            assert(!(state == SERVICE && law == LAW_RUN && !run_wanted));
            assert(!(stopped && law == LAW_RUN));
            stopped = 0
        }
    od
}
