//! A local, faithful stand-in for Finland's Kanta PHR (Omatietovaranto): the OAuth 2.0 authorization server, the FHIR STU3
//! and R4 resource servers, test certificates and synthetic citizens. It is not the Kanta services.
//!
//! In a test, a whole sandbox is one line; it listens on free ports and stops when it is dropped:
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use kanta_phr_sandbox::Sandbox;
//!
//! let phr = Sandbox::start().await?;
//! let app = phr.register_client("Weight diary").redirect_uri("https://app.test/cb").scope("patient/Observation.write").await?;
//! let token = phr.citizens().first().approve(&app).await?; // what the browser flow would give
//! assert_eq!(phr.base_r4(), format!("{}/phr-resourceserver/baseR4", phr.http_url()));
//! assert!(!token.access_token().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A tour, from the top down
//!
//! | module | what is in it |
//! |---|---|
//! | [`sandbox`] | [`Sandbox`], its [`Options`], and the fixture's words: clients, citizens, approvals |
//! | [`http`] | the wire: OAuth, FHIR, pages, control API |
//! | [`seed`] | the citizens, clients and records that are there from the start |
//! | [`packages`] | FHIR packages: a supplier's own profiles read, the national ones written |
//! | [`tenant`], [`settings`] | one isolated copy of all state, and the knobs of the emulation |
//! | [`authorization`], [`records`], [`citizens`], [`exchanges`], [`pki`] | the rules, without HTTP |
//! | [`fhir`] | pure: is a resource what a national profile demands? |
//! | [`store`], [`json`], [`time`] | ordered bytes, the document tree, the clock |
//!
//! ARCHITECTURE.md says how they hang together. Only the items re-exported here are meant to stay as they are; the rest
//! is public for the binary, the tests and the curious.
#![forbid(unsafe_code)]

pub mod authorization;
pub mod citizens;
#[cfg(feature = "cli")]
pub mod config;
pub mod exchanges;
pub mod fhir;
pub mod http;
pub mod json;
pub mod packages;
pub mod pki;
pub mod records;
pub mod sandbox;
pub mod seed;
pub mod settings;
pub mod store;
pub mod tenant;
pub mod time;

pub use sandbox::{CitizenHandle, GrantedToken, Options, RegisteredClient, Sandbox, StartError};
