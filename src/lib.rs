//! A local, faithful stand-in for Finland's Kanta PHR (Omatietovaranto).
#![forbid(unsafe_code)]

pub mod authorization;
pub mod citizens;
#[cfg(feature = "cli")]
pub mod config;
pub mod exchanges;
pub mod fhir;
pub mod http;
pub mod json;
pub mod pki;
pub mod records;
pub mod sandbox;
pub mod seed;
pub mod settings;
pub mod store;
pub mod tenant;
pub mod tenants;
pub mod time;

pub use sandbox::{CitizenHandle, GrantedToken, Options, RegisteredClient, Sandbox, StartError};
