//! Traffic: a bounded journal of requests with their responses, the masking of what must not leave it, and scripted faults.
//!
//! The journal is kept in memory only and is no part of a tenant's store: a restore or a reset rewinds everything but it.

mod exchange;
mod fault;
mod journal;
mod mask;
mod tape;

pub use exchange::{Body, Exchange, ExchangeId, Headers, Message, Party, Remake};
pub use fault::{Cut, Delay, Fault, FaultRule, Faults, Match, Scenario, Subject};
pub use journal::{Filter, Journal};
pub use mask::{mask_exchange_body, mask_headers, mask_text, mask_url};
