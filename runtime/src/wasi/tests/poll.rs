use super::{CREAT, DATA, NOW, OUT, READ, ROOT, WRITE, World};
use crate::wasi::{Effect, Errno, Now, Wait, Woken};

const EVENTS: u32 = 0x2_0000;
const ABSOLUTE: u16 = 1;
const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;

#[derive(Clone, Copy)]
enum On {
    Clock(u32, u64, u16),
    Read(u32),
    Write(u32),
    Unknown,
}

/// One event: user data, error, type, bytes, flags.
type Event = (u64, u16, u8, u64, u16);

/// Puts subscriptions whose user data are 100, 101, ...
fn subscribe(world: &mut World, to: &[On]) -> Result<Effect, Errno> {
    let mut at = DATA;
    for (userdata, on) in (100_u64..).zip(to) {
        let mut record = [0_u8; 48];
        record[..8].copy_from_slice(&userdata.to_le_bytes());
        match on {
            On::Clock(clock, timeout, flags) => {
                record[16..20].copy_from_slice(&clock.to_le_bytes());
                record[24..32].copy_from_slice(&timeout.to_le_bytes());
                record[40..42].copy_from_slice(&flags.to_le_bytes());
            }
            On::Read(fd) | On::Write(fd) => {
                record[8] = if matches!(on, On::Read(_)) { 1 } else { 2 };
                record[16..20].copy_from_slice(&fd.to_le_bytes());
            }
            On::Unknown => record[8] = 3,
        }
        at += world.put(at, &record);
    }
    let count = u32::try_from(to.len()).unwrap();
    world.call(|descriptors, call| descriptors.poll_oneoff(call, DATA, EVENTS, count, OUT))
}

fn events(world: &World) -> Vec<Event> {
    (0..world.u32_at(OUT))
        .map(|at| {
            let event = world.bytes(EVENTS + at * 32, 32);
            (
                u64::from_le_bytes(event[..8].try_into().unwrap()),
                u16::from_le_bytes(event[8..10].try_into().unwrap()),
                event[10],
                u64::from_le_bytes(event[16..24].try_into().unwrap()),
                u16::from_le_bytes(event[24..26].try_into().unwrap()),
            )
        })
        .collect()
}

fn wait(world: &mut World, to: &[On]) -> Wait {
    match subscribe(world, to).unwrap() {
        Effect::Wait(wait) => wait,
        effect => panic!("{effect:?}"),
    }
}

fn done(world: &mut World, to: &[On]) -> Vec<Event> {
    let effect = subscribe(world, to).unwrap();
    assert!(matches!(effect, Effect::Done), "{effect:?}");
    events(world)
}

fn after(nanoseconds: u64, stdin: Option<u64>) -> Woken {
    Woken {
        now: Now {
            realtime_ns: NOW.realtime_ns + nanoseconds,
            monotonic_ns: NOW.monotonic_ns + nanoseconds,
        },
        stdin,
    }
}

#[test]
fn timers_are_due_on_the_monotonic_clock() {
    let (real, mono) = (NOW.realtime_ns, NOW.monotonic_ns);
    let cases = [
        (On::Clock(MONOTONIC, 1000, 0), mono + 1000),
        (On::Clock(REALTIME, 1000, 0), mono + 1000),
        (On::Clock(MONOTONIC, mono + 5, ABSOLUTE), mono + 5),
        (On::Clock(REALTIME, real + 5, ABSOLUTE), mono + 5),
        (On::Clock(MONOTONIC, u64::MAX, 0), u64::MAX),
        (
            On::Clock(REALTIME, u64::MAX, ABSOLUTE),
            u64::MAX - real + mono,
        ),
    ];
    for (at, (on, due)) in cases.into_iter().enumerate() {
        let mut world = World::new(&[]);
        let wait = wait(&mut world, &[on]);
        assert_eq!(wait.deadline_ns(), Some(due), "{at}");
        assert!(!wait.wants_stdin());
    }
}

#[test]
fn a_timer_that_is_due_is_answered_at_once() {
    let (real, mono) = (NOW.realtime_ns, NOW.monotonic_ns);
    for on in [
        On::Clock(MONOTONIC, 0, 0),
        On::Clock(REALTIME, 0, 0),
        On::Clock(MONOTONIC, mono, ABSOLUTE),
        On::Clock(MONOTONIC, 0, ABSOLUTE),
        On::Clock(REALTIME, real - 1, ABSOLUTE),
    ] {
        let mut world = World::new(&[]);
        assert_eq!(done(&mut world, &[on]), [(100, 0, 0, 0, 0)]);
    }
}

#[test]
fn the_earliest_decides_and_all_that_came_are_told() {
    let mut world = World::new(&[]);
    let timers = [
        On::Clock(MONOTONIC, 300, 0),
        On::Clock(MONOTONIC, 100, 0),
        On::Clock(REALTIME, 200, 0),
        On::Clock(MONOTONIC, 100, 0),
    ];
    let first = wait(&mut world, &timers);
    assert_eq!(first.deadline_ns(), Some(NOW.monotonic_ns + 100));
    first.complete(&mut world.memory, after(100, None)).unwrap();
    assert_eq!(events(&world), [(101, 0, 0, 0, 0), (103, 0, 0, 0, 0)]);
    let late = wait(&mut world, &timers);
    late.complete(&mut world.memory, after(1000, None)).unwrap();
    assert_eq!(events(&world).len(), 4);
    // Woken early, nothing has come.
    let early = wait(&mut world, &timers);
    early.complete(&mut world.memory, after(99, None)).unwrap();
    assert_eq!(events(&world), []);
}

#[test]
fn files_and_outputs_are_always_ready() {
    let mut world = World::standard();
    let file = world.open("tmp/file", CREAT, READ | WRITE).unwrap();
    world.write(file, b"12345").unwrap();
    world.seek(file, 2, 0).unwrap();
    let null = world.open("dev/null", 0, READ | WRITE).unwrap();
    let found = done(
        &mut world,
        &[
            On::Read(file),
            On::Write(file),
            On::Write(1),
            On::Write(2),
            On::Read(null),
            On::Clock(MONOTONIC, 1000, 0),
        ],
    );
    assert_eq!(
        found,
        [
            (100, 0, 1, 3, 0),
            (101, 0, 2, 1, 0),
            (102, 0, 2, 1, 0),
            (103, 0, 2, 1, 0),
            (104, 0, 1, 0, 0),
        ]
    );
    world.seek(file, 0, 2).unwrap();
    let at_end = done(&mut world, &[On::Read(file)]);
    assert_eq!(at_end, [(100, 0, 1, 0, 1)], "at its end");
}

#[test]
fn a_refused_subscription_is_an_event_with_an_error() {
    let mut world = World::new(&["/file"]);
    let read = world.open("file", 0, READ).unwrap();
    let write = world.open("file", 0, WRITE).unwrap();
    let badf = Errno::Badf.raw();
    for on in [
        On::Read(60),
        On::Write(u32::MAX),
        On::Read(1),
        On::Write(0),
        On::Read(ROOT),
        On::Write(ROOT),
        On::Read(write),
        On::Write(read),
    ] {
        let found = done(&mut world, &[on, On::Clock(MONOTONIC, 1000, 0)]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0, i32::from(found[0].1)), (100, badf));
    }
    let inval = Errno::Inval.raw();
    for on in [
        On::Clock(2, 0, 0),
        On::Clock(3, 0, 0),
        On::Clock(u32::MAX, 0, 0),
        On::Clock(MONOTONIC, 0, 2),
    ] {
        let found = done(&mut world, &[on]);
        assert_eq!(i32::from(found[0].1), inval);
    }
}

#[test]
fn standard_input_is_waited_for() {
    let mut world = World::new(&[]);
    let alone = wait(&mut world, &[On::Read(0)]);
    assert_eq!((alone.deadline_ns(), alone.wants_stdin()), (None, true));
    alone
        .complete(&mut world.memory, after(5, Some(12)))
        .unwrap();
    assert_eq!(events(&world), [(100, 0, 1, 12, 0)]);
    let with_timer = [On::Clock(MONOTONIC, 100, 0), On::Read(0)];
    let ended = wait(&mut world, &with_timer);
    assert_eq!(ended.deadline_ns(), Some(NOW.monotonic_ns + 100));
    ended
        .complete(&mut world.memory, after(5, Some(0)))
        .unwrap();
    assert_eq!(events(&world), [(101, 0, 1, 0, 1)], "the end of input");
    let timed_out = wait(&mut world, &with_timer);
    timed_out
        .complete(&mut world.memory, after(100, None))
        .unwrap();
    assert_eq!(events(&world), [(100, 0, 0, 0, 0)]);
    let both = wait(&mut world, &with_timer);
    both.complete(&mut world.memory, after(100, Some(1)))
        .unwrap();
    assert_eq!(events(&world).len(), 2);
}

#[test]
fn something_ready_does_not_hide_standard_input() {
    let mut world = World::new(&[]);
    let polled = wait(&mut world, &[On::Write(1), On::Read(0)]);
    assert!(polled.wants_stdin());
    assert!(polled.deadline_ns() <= Some(NOW.monotonic_ns), "no sleep");
    polled
        .complete(&mut world.memory, after(0, Some(3)))
        .unwrap();
    assert_eq!(events(&world), [(100, 0, 2, 1, 0), (101, 0, 1, 3, 0)]);
    world.close(0).unwrap();
    let closed = done(&mut world, &[On::Write(1), On::Read(0)]);
    assert_eq!(closed[1].1, 8, "a closed one is a bad descriptor");
}

#[test]
fn the_number_of_subscriptions_is_bounded() {
    let mut world = World::new(&[]);
    assert_eq!(subscribe(&mut world, &[]).map(drop), Err(Errno::Inval));
    let unknown = [On::Clock(MONOTONIC, 0, 0), On::Unknown];
    assert_eq!(subscribe(&mut world, &unknown).map(drop), Err(Errno::Inval));
    for count in [4097, u32::MAX] {
        let result =
            world.call(|descriptors, call| descriptors.poll_oneoff(call, DATA, EVENTS, count, OUT));
        assert_eq!(result.map(drop), Err(Errno::Inval));
    }
    let most = vec![On::Clock(MONOTONIC, 50, 0); 1000];
    let many = wait(&mut world, &most);
    many.complete(&mut world.memory, after(50, None)).unwrap();
    assert_eq!(events(&world).len(), 1000);
    let found = world.call(|descriptors, call| {
        descriptors
            .poll_oneoff(call, DATA, 0x10_0000, 4096, OUT)
            .map(drop)
    });
    assert_eq!(found, Ok(()));
}
