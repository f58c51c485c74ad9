//! The authorization server over real HTTP: the browser flow with its forms, the token endpoint, and every refusal.

mod browser_flow;
mod citizen_pages;
mod endpoints;
mod fuzz;
mod independent_clients;
mod negatives;
mod odd_input;
mod refusals;
mod server;
mod session;
mod tokens;
