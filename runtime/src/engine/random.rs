//! Randomness of one guest.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, SeedableRng, TryRng};
use rand_chacha::ChaCha20Rng;

use crate::determinism::Determinism;

/// A generator that the store shares with whoever gives out its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Generator(Arc<Mutex<ChaCha20Rng>>);

/// The stream that the guest reads, by its calls and from devices, and the one
/// that its renewals are fed from: those are no part of a repeatable run.
#[derive(Debug, Clone)]
pub(crate) struct Generators {
    pub(crate) guest: Generator,
    pub(crate) host: Generator,
    fixed: bool,
}

/// How far both streams of a fixed seed were read, in words of 32 bits: the
/// guest's, the host's.
pub(crate) type RandomReading = (u64, u64);

impl Generators {
    /// Generators of a fixed seed, which go on from a reading, or fresh ones.
    pub(crate) fn new(determinism: Option<&Determinism>, reading: Option<RandomReading>) -> Self {
        let (guest, host) = reading.unwrap_or((0, 0));
        Self {
            guest: Generator::new(determinism, 1, guest),
            host: Generator::new(determinism, 0, host),
            fixed: determinism.is_some(),
        }
    }

    /// Where the streams stand; `None` when their seed is not fixed.
    pub(crate) fn reading(&self) -> Option<RandomReading> {
        self.fixed
            .then(|| (self.guest.position(), self.host.position()))
    }
}

impl Generator {
    fn new(determinism: Option<&Determinism>, stream: u64, position: u64) -> Self {
        let generator = match determinism {
            None => ChaCha20Rng::from_rng(&mut rand::rng()),
            Some(determinism) => {
                let mut generator = ChaCha20Rng::seed_from_u64(determinism.seed);
                generator.set_stream(stream);
                generator.set_word_pos(u128::from(position));
                generator
            }
        };
        Self(Arc::new(Mutex::new(generator)))
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn position(&self) -> u64 {
        u64::try_from(self.with(|generator| generator.get_word_pos())).unwrap_or(u64::MAX)
    }

    pub(crate) fn bytes(&self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.with(|generator| generator.fill_bytes(&mut bytes));
        bytes
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.with(Rng::next_u32))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.with(Rng::next_u64))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        self.with(|generator| generator.fill_bytes(into));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_streams_go_on_where_they_were_read_to() {
        let fixed = Determinism {
            seed: 9,
            start: std::time::SystemTime::UNIX_EPOCH,
        };
        let one = Generators::new(Some(&fixed), None);
        assert_ne!(one.guest.bytes(8), one.host.bytes(8));
        let other = Generators::new(Some(&fixed), one.reading());
        assert_eq!(one.guest.bytes(40), other.guest.bytes(40));
        assert_eq!(one.host.bytes(4), other.host.bytes(4));
        assert_eq!(Generators::new(None, None).reading(), None);
    }
}
