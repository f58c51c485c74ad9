//! The HTTP surface: one flat route table.
pub mod control;
pub mod fhir;
pub mod oauth;
pub mod pages;
