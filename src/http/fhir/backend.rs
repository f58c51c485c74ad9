//! The application as the resource servers see it: tokens, knobs and records of the tenant that answers.

use super::access::{Caller, TokenProblem};
use super::{Backend, Knobs, TokenRefusal};
use crate::exchanges::Party;
use crate::http::context::App;
use crate::records::{Access, Records, Types};
use crate::settings::{BadToken, MetadataToken, NoToken, Prefer, Settings};
use axum::http::Extensions;
use uuid::Uuid;

impl Backend for App {
    fn records(&self) -> Records {
        self.tenant.records()
    }

    fn knobs(&self) -> Knobs {
        Knobs::from(&*self.tenant.settings())
    }

    fn caller(&self, bearer: &str, _: &Extensions) -> Result<Caller, TokenProblem> {
        let token = self.tenant.access_by_token(bearer).map_err(|error| TokenProblem(error.to_string()))?;
        self.touch(token.patient)?;
        let access = Access::Application {
            application_id: token.oid.unwrap_or_else(|| token.client_id.clone()),
            client_id: token.client_id.clone(),
            name: token.client_name,
            patient: token.patient,
            reads: Types::named(token.read.iter()),
            writes: Types::named(token.write.iter()),
        };
        let party = Party { client_id: Some(token.client_id), citizen: Some(token.citizen), ..Party::default() };
        Ok(Caller { access, party })
    }

    fn touch(&self, patient: Uuid) -> Result<(), TokenProblem> {
        self.tenant.touch(patient).map_err(|refusal| TokenProblem(refusal.reason().1))
    }

    fn request_id(&self) -> String {
        self.tenant.random.alphanumeric(16)
    }
}

impl From<&Settings> for Knobs {
    fn from(settings: &Settings) -> Knobs {
        Knobs {
            no_token: match settings.rs_no_token {
                NoToken::Outcome401 => TokenRefusal::Outcome401,
                NoToken::Plain401 => TokenRefusal::Plain401,
                NoToken::Outcome403 => TokenRefusal::Outcome403,
            },
            bad_token: match settings.rs_bad_token {
                BadToken::Outcome401 => TokenRefusal::Outcome401,
                BadToken::Plain401 => TokenRefusal::Plain401,
                BadToken::Outcome403 => TokenRefusal::Outcome403,
            },
            metadata_token: settings.metadata_token != MetadataToken::Never,
            open_metadata_token: settings.metadata_token == MetadataToken::Always,
            prefer_stu3: settings.prefer_stu3 == Prefer::Honour,
            prefer_r4: settings.prefer_r4 == Prefer::Honour,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_both_are_the_same() {
        assert_eq!(Knobs::from(&Settings::default()), Knobs::default());
    }
}
