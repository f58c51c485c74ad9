//! The authorization server over real HTTP: the browser flow with its forms, the token endpoint, and every refusal.

mod browser_flow;
mod citizen_pages;
mod endpoints;
mod fuzz;
mod independent_clients;
mod logout;
mod negatives;
mod odd_input;
mod reasons;
mod refusals;
mod removal;
mod server;
mod session;
mod smart;
mod tokens;
mod who_is_there;
