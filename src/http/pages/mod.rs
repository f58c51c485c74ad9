//! The pages a browser sees: pure functions from plain view structs to HTML.
//!
//! A view ([`Identification`], [`Terms`], [`Consent`], [`Refusal`], [`Farewell`], [`Landing`]) holds values and no
//! rules; its `page()` gives a [`Page`], which axum turns into a response with strict headers. Everything works without
//! JavaScript. The words of a language live in one file each under `texts/`, as fields of one struct, so that a
//! missing translation does not compile. The look is one stylesheet ([`asset`]).
mod asset;
mod attributes;
pub mod citizen;
mod consent;
mod farewell;
mod form;
mod frame;
mod identification;
mod landing;
mod language;
mod page;
mod portal;
mod refusal;
mod rights;
mod terms;
pub mod tester;
mod texts;

pub use asset::{ASSET_ROUTE, Asset, asset};
pub use attributes::Attributes;
pub use consent::{Application, Consent};
pub use farewell::{Farewell, FarewellKind};
pub use form::{Form, SignedIn, decision, field};
pub use frame::{Environment, Frame, LanguageLinks};
pub use identification::{CitizenChoice, Identification, IdentificationProblem};
pub use landing::{Address, AddressKind, Landing, ReadyClient};
pub use language::{LANGUAGE_PARAMETER, Language, LanguageHints};
pub use page::{FormAction, Page};
pub use portal::{
    Account, AccountKind, AccountProblem, Credentials, RegisteredClient, RegistrationForm, RegistrationProblem,
    RegistrationProblemKind, RegistrationValues, Registrations, ScopeChoice, SignOut, form as registration_field,
};
pub use refusal::{Detail, Refusal, RefusalKind};
pub use terms::Terms;

#[cfg(test)]
mod tests;
