//! The HTTP surface: one flat route table.

pub mod blocking;
pub mod citizen;
pub mod context;
pub mod control;
pub mod entrance;
mod faults;
pub mod fhir;
pub mod landing;
pub mod listen;
pub mod oauth;
pub mod pages;
pub mod reason;
pub mod routes;
pub mod segments;
pub mod tester;
