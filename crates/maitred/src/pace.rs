//! The pace of writes: who may write now, and who must wait for how long. One number a device, the time at which it will
//! have had all that it has taken (GCRA, the leaky bucket of ATM Forum TM 4.0); bounded in memory, since whoever has been
//! still for long enough is forgotten and loses nothing by it. Reads no clock.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::config::PACED_KEYS;

/// Devices that are remembered before any is looked at whether it could be forgotten.
const FIRST_SWEEP: usize = 1_024;

/// The pace that every device is held to.
pub struct Pace {
    /// The time that a write is worth.
    interval: Duration,
    /// How much of it may be taken ahead.
    ahead: Duration,
    taken: Mutex<Taken>,
}

/// What devices have taken.
struct Taken {
    /// Until when, by the device.
    until: HashMap<Box<str>, Instant>,
    /// How many are remembered when next some are forgotten.
    sweep_at: usize,
    /// Not before then, where all were in use the last time.
    sweep_after: Option<Instant>,
}

/// What those share who come while the memory is full. No device is called by an empty text.
const OTHERS: &str = "";

impl Pace {
    /// So many writes a second, and twice as many at once.
    pub fn of_writes(a_second: u32) -> Self {
        let a_second = a_second.max(1);
        Self::new(Duration::from_secs(1) / a_second, a_second.saturating_mul(2))
    }

    /// One in each `interval`, and so many at once.
    pub fn new(interval: Duration, at_once: u32) -> Self {
        let taken = Taken { until: HashMap::new(), sweep_at: FIRST_SWEEP, sweep_after: None };
        Self { interval, ahead: interval.saturating_mul(at_once), taken: Mutex::new(taken) }
    }

    /// Takes a write's worth of time for a device.
    ///
    /// # Errors
    /// After how long there is room again, if there is none. Nothing was taken then.
    pub fn take(&self, device: &str, now: Instant) -> Result<(), Duration> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !taken.until.contains_key(device) {
            taken.sweep(now);
        }
        let full = taken.until.len() >= PACED_KEYS && !taken.until.contains_key(device);
        let device = if full { OTHERS } else { device };
        let until = taken.until.get(device).copied().unwrap_or(now).max(now) + self.interval;
        if until > now + self.ahead {
            return Err(until - (now + self.ahead));
        }
        match taken.until.get_mut(device) {
            Some(known) => *known = until,
            None => _ = taken.until.insert(device.into(), until),
        }
        Ok(())
    }
}

impl Taken {
    /// Forgets those who have nothing taken any more, from time to time.
    fn sweep(&mut self, now: Instant) {
        if self.until.len() < self.sweep_at || self.sweep_after.is_some_and(|after| now < after) {
            return;
        }
        self.until.retain(|_, until| *until > now);
        // Each look costs as much as there are, so that it pays only once there may be twice as many.
        self.sweep_at = (2 * self.until.len()).clamp(FIRST_SWEEP, PACED_KEYS);
        self.sweep_after = (self.until.len() >= PACED_KEYS).then(|| now + Duration::from_secs(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many writes at once get through.
    fn let_through(pace: &Pace, device: &str, now: Instant, writes: usize) -> usize {
        (0..writes).filter(|_| pace.take(device, now).is_ok()).count()
    }

    #[test]
    fn a_device_may_write_twice_its_pace_at_once_and_then_at_its_pace() {
        let (pace, start) = (Pace::of_writes(50), Instant::now());
        assert_eq!(let_through(&pace, "a", start, 500), 100);
        for second in 1..=5 {
            assert_eq!(let_through(&pace, "a", start + Duration::from_secs(second), 500), 50, "second {second}");
        }
        assert_eq!(let_through(&pace, "a", start + Duration::from_secs(60), 500), 100, "rested");
    }

    #[test]
    fn who_waits_for_as_long_as_it_is_told_is_let_through_and_not_before() {
        let (pace, start) = (Pace::of_writes(3), Instant::now());
        assert_eq!(let_through(&pace, "a", start, 100), 6);
        let wait = pace.take("a", start).expect_err("it has had its share");
        assert!(wait <= Duration::from_millis(334), "{wait:?}");
        let almost = wait - Duration::from_micros(1);
        assert_eq!(pace.take("a", start + almost).expect_err("too early"), Duration::from_micros(1));
        assert_eq!(pace.take("a", start + wait), Ok(()));
    }

    #[test]
    fn no_device_takes_from_another() {
        let (pace, start) = (Pace::of_writes(1), Instant::now());
        assert_eq!(let_through(&pace, "a", start, 10), 2);
        assert_eq!(let_through(&pace, "b", start, 10), 2);
    }

    #[test]
    fn devices_that_rest_are_forgotten_and_those_that_do_not_are_bounded() {
        let (pace, start) = (Pace::of_writes(1), Instant::now());
        let count = || pace.taken.lock().expect("no panic").until.len();
        for number in 0..10 * FIRST_SWEEP {
            // A new one each 10 ms: 100 of them have something taken at any time.
            let now = start + Duration::from_millis(10) * number as u32;
            assert_eq!(pace.take(&number.to_string(), now), Ok(()));
            assert!(count() <= FIRST_SWEEP, "{}", count());
        }
        let later = start + Duration::from_secs(3_600);
        let through = (0..2 * PACED_KEYS).filter(|number| pace.take(&number.to_string(), later).is_ok()).count();
        assert_eq!(through, PACED_KEYS + 2, "those beyond share one pace");
        assert_eq!(count(), PACED_KEYS + 1);
        assert_eq!(pace.take("who is known", later + Duration::from_secs(3)), Ok(()), "and later there is room");
        assert!(count() <= FIRST_SWEEP, "{}", count());
    }
}
