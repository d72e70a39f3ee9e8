//! The device that sound comes from, on a thread of its own.
//!
//! It is opened after the first order, never while the till starts. A device that is not there, or
//! goes while the till runs, is no error: [`Speaker::works`] turns false, what would have sounded
//! is dropped and counted ([`Speaker::missed`]), so that it can be seen instead, and the device is
//! looked for again, ever more rarely, and with every sound.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rodio::buffer::SamplesBuffer;
use rodio::conversions::SampleTypeConverter;
use rodio::cpal::{BufferSize, ErrorKind};
use rodio::{
    ChannelCount, DeviceSinkBuilder, DeviceSinkError, MixerDeviceSink, Player, SampleRate,
};
use tokio::sync::watch;

/// Orders that may wait for the thread; a further one is dropped.
const ORDERS_MAX: usize = 8;
/// Sounds that may wait for the device. One that takes no more has stopped playing.
const SOUNDS_MAX: usize = 6;
/// Between looks for a device that is missing; each look in vain doubles the pause.
const PAUSE_LEAST: Duration = Duration::from_secs(2);
const PAUSE_MOST: Duration = Duration::from_secs(60);
/// A sound that got further has been heard, and is not begun again.
const BEGUN: Duration = Duration::from_millis(100);

/// What the device holds ahead, about a tenth of a second: a busy machine must not stutter.
const BUFFER_FRAMES: u32 = 4_096;
/// Errors of the system after which a device is taken to be gone.
const ERRORS_MAX: u32 = 32;

const MONO: ChannelCount = ChannelCount::new(1).expect("one is not zero");
const RATE: SampleRate = SampleRate::new(crate::RATE).expect("the rate is not zero");

/// Plays sounds, one after the other.
#[derive(Debug)]
pub struct Speaker {
    orders: Arc<SyncSender<Order>>,
    works: watch::Receiver<bool>,
    missed: watch::Sender<u32>,
}

#[derive(Debug)]
enum Order {
    /// Look for the device.
    Look,
    /// The device says that it has stopped.
    Broken,
    /// Play these sounds of one event, one after the other.
    Play(Vec<Vec<i16>>),
}

/// What the thread tells of itself.
struct Told {
    works: watch::Sender<bool>,
    missed: watch::Sender<u32>,
}

/// What plays: the system's device, and in the tests one that comes and goes.
trait Output: Sized {
    fn play(&mut self, sound: Vec<i16>);

    /// Returns itself unless it plays no more, and what it was given and did not begin to play.
    fn sort_out(self) -> (Option<Self>, VecDeque<Vec<i16>>);
}

/// An open device.
struct Device {
    player: Player,
    /// What the player has and has not finished, oldest first.
    sounds: VecDeque<Vec<i16>>,
    /// Set where the device says that it has stopped.
    broken: Arc<AtomicBool>,
    /// Plays as long as it is held.
    _sink: MixerDeviceSink,
}

impl Speaker {
    /// Begins the thread; no device is opened yet. Until one has been looked for it counts as
    /// there.
    #[must_use]
    pub fn begin() -> Speaker {
        let (orders, received) = sync_channel(ORDERS_MAX);
        let orders = Arc::new(orders);
        let back = Arc::downgrade(&orders);
        let (works_told, works) = watch::channel(true);
        let missed = watch::Sender::new(0);
        let told = Told { works: works_told, missed: missed.clone() };
        let thread = std::thread::Builder::new().name("sound".to_owned());
        let open = move |works: &watch::Sender<bool>| open(&back, works);
        if let Err(error) = thread.spawn(move || serve(&received, open, &told)) {
            tracing::warn!(%error, "no sound: its thread did not start");
        }
        Speaker { orders, works, missed }
    }

    /// Looks for the device, so that what follows sounds at once.
    pub fn wake(&self) {
        // A full queue has orders enough.
        let _ = self.orders.try_send(Order::Look);
    }

    /// Plays the sounds of one event after those that wait. Never blocks.
    pub fn play(&self, sounds: Vec<Vec<i16>>) {
        if self.orders.try_send(Order::Play(sounds)).is_err() {
            tracing::warn!("a sound was dropped: too many wait");
            miss(&self.missed);
        }
    }

    /// Returns a watch on whether there is a device.
    #[must_use]
    pub fn works(&self) -> watch::Receiver<bool> {
        self.works.clone()
    }

    /// Returns a watch on how many events nobody could hear.
    #[must_use]
    pub fn missed(&self) -> watch::Receiver<u32> {
        self.missed.subscribe()
    }
}

fn serve<D: Output>(
    orders: &Receiver<Order>,
    mut open: impl FnMut(&watch::Sender<bool>) -> Option<D>,
    told: &Told,
) {
    let Told { works, missed } = told;
    let mut device: Option<D> = None;
    let mut pause = PAUSE_LEAST;
    // Nothing is looked for before the first order.
    let mut next = orders.recv().map_err(|RecvError| RecvTimeoutError::Disconnected);
    loop {
        let (kept, unheard) = device.map_or((None, VecDeque::new()), D::sort_out);
        device = kept;
        let mut unheard = Vec::from(unheard);
        match next {
            Ok(Order::Broken) => {
                // Often it is there again at once; what opens and breaks has to wait.
                if pause == PAUSE_LEAST {
                    device = device.or_else(|| open(works));
                }
                pause = longer(pause);
            }
            Ok(Order::Look) => device = device.or_else(|| open(works)),
            Ok(Order::Play(sounds)) => {
                device = device.or_else(|| open(works));
                unheard.extend(sounds);
            }
            Err(RecvTimeoutError::Timeout) if device.is_some() => pause = PAUSE_LEAST,
            Err(RecvTimeoutError::Timeout) => {
                device = open(works);
                pause = longer(pause);
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        tell(works, device.is_some());
        match &mut device {
            Some(device) => unheard.into_iter().for_each(|sound| device.play(sound)),
            None if unheard.is_empty() => (),
            None => miss(missed),
        }
        next = orders.recv_timeout(pause);
    }
}

/// Doubles a pause up to its bound: a device that opens and breaks at once is not opened for ever.
fn longer(pause: Duration) -> Duration {
    (pause * 2).min(PAUSE_MOST)
}

/// Opens the system's own choice of device; says why not, once.
fn open(back: &Weak<SyncSender<Order>>, works: &watch::Sender<bool>) -> Option<Device> {
    let opened = Device::open(back);
    if let Err(error) = &opened
        && *works.borrow()
    {
        tracing::warn!(%error, "no sound: the screen flashes instead");
    }
    opened.ok()
}

/// Counts an event that nobody could hear.
fn miss(missed: &watch::Sender<u32>) {
    missed.send_modify(|count| *count = count.wrapping_add(1));
}

fn tell(works: &watch::Sender<bool>, does: bool) {
    works.send_if_modified(|told| std::mem::replace(told, does) != does);
}

impl Device {
    fn open(back: &Weak<SyncSender<Order>>) -> Result<Device, DeviceSinkError> {
        let broken = Arc::new(AtomicBool::new(false));
        let (stopped, back) = (Arc::clone(&broken), Weak::clone(back));
        let builder = DeviceSinkBuilder::from_default_device()?;
        let mut errors = 0;
        let mut sink = builder
            .with_buffer_size(BufferSize::Fixed(BUFFER_FRAMES))
            .with_error_callback(move |error: rodio::cpal::Error| {
                errors += 1;
                if is_over(error.kind(), errors) {
                    stopped.store(true, Ordering::Relaxed);
                    let orders = back.upgrade();
                    // With a full queue, the orders in it find the device broken.
                    orders.map(|orders| orders.try_send(Order::Broken));
                }
            })
            .open_sink_or_fallback()?;
        sink.log_on_drop(false);
        let player = Player::connect_new(sink.mixer());
        Ok(Device { player, sounds: VecDeque::new(), broken, _sink: sink })
    }

    /// Returns whether more waits than is ever said at once: late speech is worse than none.
    fn has_stalled(&self) -> bool {
        SOUNDS_MAX <= self.player.len()
    }

    /// Returns the sounds of which next to nothing was heard.
    fn unheard(mut self) -> VecDeque<Vec<i16>> {
        self.forget_played();
        if BEGUN < self.player.get_pos() {
            self.sounds.pop_front();
        }
        self.sounds
    }

    fn forget_played(&mut self) {
        let played = self.sounds.len().saturating_sub(self.player.len());
        self.sounds.drain(..played);
    }
}

impl Output for Device {
    fn play(&mut self, sound: Vec<i16>) {
        let samples: Vec<_> = SampleTypeConverter::new(sound.iter().copied()).collect();
        self.player.append(SamplesBuffer::new(MONO, RATE, samples));
        self.sounds.push_back(sound);
        self.forget_played();
    }

    fn sort_out(self) -> (Option<Device>, VecDeque<Vec<i16>>) {
        if self.has_stalled() {
            return (None, VecDeque::new());
        }
        if self.broken.load(Ordering::Relaxed) {
            return (None, self.unheard());
        }
        (Some(self), VecDeque::new())
    }
}

/// Returns whether a device that reports this, after as many errors, plays no more. One that missed
/// its turn reports errors of the system until it has caught up; one that is gone goes on with them.
fn is_over(kind: ErrorKind, errors: u32) -> bool {
    match kind {
        ErrorKind::DeviceNotAvailable
        | ErrorKind::HostUnavailable
        | ErrorKind::StreamInvalidated
        | ErrorKind::PermissionDenied => true,
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied | ErrorKind::Xrun => false,
        ErrorKind::DeviceBusy
        | ErrorKind::InvalidInput
        | ErrorKind::ResourceExhausted
        | ErrorKind::UnsupportedConfig
        | ErrorKind::UnsupportedOperation
        | ErrorKind::BackendError
        | ErrorKind::Other
        | _ => ERRORS_MAX < errors,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_device_that_stumbles_plays_on_and_one_that_is_gone_does_not() {
        let check = |kind, errors, over| assert_eq!(is_over(kind, errors), over, "{kind:?}");
        check(ErrorKind::DeviceNotAvailable, 1, true);
        check(ErrorKind::StreamInvalidated, 1, true);
        check(ErrorKind::Xrun, 100_000, false);
        check(ErrorKind::DeviceChanged, 1, false);
        check(ErrorKind::BackendError, 1, false);
        check(ErrorKind::BackendError, ERRORS_MAX + 1, true);
    }

    #[test]
    fn a_missing_device_is_looked_for_ever_more_rarely() {
        let mut pause = PAUSE_LEAST;
        for _ in 0..100 {
            let next = longer(pause);
            assert!(pause <= next && next <= PAUSE_MOST);
            pause = next;
        }
        assert_eq!(pause, PAUSE_MOST);
    }

    #[test]
    fn orders_never_wait_for_a_device() {
        let speaker = Speaker::begin();
        for _ in 0..1_000 {
            speaker.wake();
            speaker.play(vec![vec![0; 10]]);
        }
    }

    /// A device of a test: it hears so many sounds, and then it is pulled out.
    struct Plugged<'a>(&'a Room);

    #[derive(Default)]
    struct Room {
        hears: usize,
        heard: Cell<usize>,
    }

    impl Room {
        fn is_plugged(&self) -> bool {
            self.heard.get() < self.hears
        }
    }

    impl Output for Plugged<'_> {
        fn play(&mut self, _: Vec<i16>) {
            self.0.heard.set(self.0.heard.get() + 1);
        }

        fn sort_out(self) -> (Option<Self>, VecDeque<Vec<i16>>) {
            (self.0.is_plugged().then_some(self), VecDeque::new())
        }
    }

    /// Serves orders at a device that hears `hears` sounds; returns whether it is said to work, how
    /// many it heard and how many events were missed.
    fn served(hears: usize, sent: Vec<Order>) -> (bool, usize, u32) {
        let room = Room { hears, ..Room::default() };
        let told = Told { works: watch::Sender::new(true), missed: watch::Sender::new(0) };
        let (orders, received) = sync_channel(sent.len());
        sent.into_iter().for_each(|order| orders.send(order).unwrap());
        drop(orders);
        serve(&received, |_| room.is_plugged().then_some(Plugged(&room)), &told);
        (*told.works.borrow(), room.heard.get(), *told.missed.borrow())
    }

    #[test]
    fn each_event_without_a_device_is_missed_once_however_many_sounds_it_has() {
        let paid = || Order::Play(vec![vec![1; 10], vec![2; 10]]);
        assert_eq!(served(9, vec![Order::Look, paid(), paid()]), (true, 4, 0));
        assert_eq!(served(0, vec![Order::Look]), (false, 0, 0), "nothing was to be heard");
        assert_eq!(served(0, vec![paid()]), (false, 0, 1));
        assert_eq!(served(0, vec![Order::Look, paid(), Order::Look, paid()]), (false, 0, 2));
        assert_eq!(served(2, vec![paid(), paid(), paid()]), (false, 2, 2), "pulled out after one");
    }

    #[test]
    fn a_device_that_breaks_before_it_has_played_leaves_its_sounds_to_be_missed() {
        /// Breaks at once.
        struct Broken(VecDeque<Vec<i16>>);
        impl Output for Broken {
            fn play(&mut self, sound: Vec<i16>) {
                self.0.push_back(sound);
            }

            fn sort_out(self) -> (Option<Self>, VecDeque<Vec<i16>>) {
                (None, self.0)
            }
        }
        let told = Told { works: watch::Sender::new(true), missed: watch::Sender::new(0) };
        let (orders, received) = sync_channel(2);
        orders.send(Order::Play(vec![vec![1; 10], vec![2; 10]])).unwrap();
        orders.send(Order::Broken).unwrap();
        drop(orders);
        let mut devices = vec![Broken(VecDeque::new())];
        serve(&received, |_| devices.pop(), &told);
        assert_eq!((*told.works.borrow(), *told.missed.borrow()), (false, 1));
    }
}
