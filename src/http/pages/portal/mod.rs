//! The self-service registration pages: a developer signs in, and registers applications.

mod account;
mod registration;
mod registrations;

pub use account::{Account, AccountKind, AccountProblem, SignOut};
pub use registration::{
    Credentials, RegistrationForm, RegistrationProblem, RegistrationProblemKind, RegistrationValues, ScopeChoice, form,
};
pub use registrations::{RegisteredClient, Registrations};
