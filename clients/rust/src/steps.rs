//! A record of the steps, line by line.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;

pub struct Steps {
    client: &'static str,
    failed: bool,
}

impl Steps {
    pub fn new(client: &'static str) -> Steps {
        Steps { client, failed: false }
    }

    /// Does a step and prints how it went.
    pub async fn step(&mut self, name: &str, act: impl Future<Output = Result<(), Box<dyn Error>>>) {
        match act.await {
            Ok(()) => println!("{}\t{name}\tok", self.client),
            Err(error) => self.fail(name, &*error),
        }
    }

    pub fn broke_off(&mut self, error: &dyn Error) {
        self.fail("to its end", error);
    }

    pub fn failed(&self) -> bool {
        self.failed
    }

    fn fail(&mut self, name: &str, error: &dyn Error) {
        self.failed = true;
        let detail: String =
            error.to_string().chars().map(|each| if each.is_control() { ' ' } else { each }).take(300).collect();
        println!("{}\t{name}\tfailed\t{detail}", self.client);
    }
}

pub fn equal<T: PartialEq + Debug>(found: &T, expected: &T) -> Result<(), Box<dyn Error>> {
    holds(found == expected, &format!("{found:?} is not {expected:?}"))
}

pub fn holds(condition: bool, text: &str) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(format!("does not hold: {text}").into()) }
}
