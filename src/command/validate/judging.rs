//! Many resources judged at once, in rounds: every core works, the order stays, and only a round's worth is held.

use super::inputs::Input;
use super::resources::{Resource, Resources};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The resources of a round, and their bytes, at most (but for one that is larger alone).
const ROUND: usize = 4096;
const ROUND_BYTES: usize = 32 << 20;

/// How many are taken at a time.
const SHARE: usize = 16;

/// Reads the inputs, one after the other.
pub struct Source<'i> {
    inputs: std::slice::Iter<'i, Input>,
    current: Option<(&'i Input, Resources)>,
}

/// What a round read.
#[derive(Default)]
pub struct Round {
    pub resources: Vec<Resource>,
    pub bytes: usize,
    /// What could not be read: how many resources were read before it, its name, and why.
    pub unreadable: Vec<(usize, String, io::Error)>,
    pub is_last: bool,
}

impl<'i> Source<'i> {
    pub fn new(inputs: &'i [Input]) -> Self {
        Source { inputs: inputs.iter(), current: None }
    }

    /// The next round.
    pub fn round(&mut self) -> Round {
        let mut round = Round::default();
        while round.resources.len() < ROUND && round.bytes < ROUND_BYTES {
            let Some((input, resources)) = &mut self.current else {
                let Some(input) = self.inputs.next() else {
                    round.is_last = true;
                    return round;
                };
                match Resources::open(input) {
                    Ok(resources) => self.current = Some((input, resources)),
                    Err(error) => round.unreadable.push((round.resources.len(), input.name(), error)),
                }
                continue;
            };
            match resources.next() {
                Ok(Some(resource)) => {
                    round.bytes += resource.bytes.len();
                    round.resources.push(resource);
                }
                Ok(None) => self.current = None,
                Err(error) => {
                    round.unreadable.push((round.resources.len(), input.name(), error));
                    self.current = None;
                }
            }
        }
        round
    }
}

/// `judge` for each resource, on every core, in order.
pub fn in_parallel<T: Send>(resources: &[Resource], judge: impl Fn(&Resource) -> T + Sync) -> Vec<T> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(resources.len().div_ceil(SHARE));
    if workers <= 1 {
        return resources.iter().map(judge).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let from = next.fetch_add(SHARE, Ordering::Relaxed);
            let Some(share) =
                resources.get(from..(from + SHARE).min(resources.len())).filter(|share| !share.is_empty())
            else {
                return done;
            };
            done.push((from, share.iter().map(&judge).collect::<Vec<T>>()));
        }
    };
    let mut shares: Vec<(usize, Vec<T>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        // A panic of the judge goes on here.
        let done =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.flatten().collect()
    });
    shares.sort_by_key(|(from, _)| *from);
    shares.into_iter().flat_map(|(_, share)| share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_resources() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("many.ndjson");
        let lines: String = (0..5_000).map(|number| format!("{{\"n\": {number}}}\n")).collect();
        std::fs::write(&path, lines).unwrap();
        let missing = Input::File { path: folder.path().join("none"), below: "none".into() };
        let inputs = [missing, Input::File { path, below: "many".into() }];
        let mut source = Source::new(&inputs);
        let first = source.round();
        assert_eq!((first.resources.len(), first.unreadable.len(), first.is_last), (ROUND, 1, false));
        let second = source.round();
        assert!(second.is_last);
        let numbers = [first, second]
            .iter()
            .flat_map(|round| in_parallel(&round.resources, |resource| resource.place.line.unwrap()))
            .collect::<Vec<_>>();
        assert_eq!(numbers, (1..=5_000).collect::<Vec<_>>());
    }
}
