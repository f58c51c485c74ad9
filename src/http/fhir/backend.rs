//! The application as the resource servers' back end.

use super::access::{Caller, TokenProblem};
use super::{Backend, Knobs, TokenRefusal};
use crate::authorization::{ResourceTypes, TokenInfo};
use crate::exchanges::Party;
use crate::http::context::App;
use crate::records::{Access, Records, Rights, Types};
use crate::settings::{BadToken, Challenge, MatchStatus, MetadataToken, NoToken, Prefer, ValidateOperation};
use axum::http::Extensions;
use uuid::Uuid;

impl Backend for App {
    fn records(&self) -> Records {
        self.tenant.records()
    }

    fn knobs(&self) -> Knobs {
        let settings = self.tenant.settings();
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
            bundles_stu3: settings.bundles(settings.bundles_stu3),
            bundles_r4: settings.bundles(settings.bundles_r4),
            challenge: settings.rs_challenge == Challenge::Rfc6750,
            validate: settings.operations_validate == ValidateOperation::Answer,
            match_is_created: settings.if_none_exist_match_status == MatchStatus::Created,
            smart: settings.smart_enabled,
        }
    }

    fn caller(&self, bearer: &str, _: &Extensions) -> Result<Caller, TokenProblem> {
        let token = self.tenant.access_by_token(bearer).map_err(|error| TokenProblem(error.to_string()))?;
        let access = Access::Application {
            application_id: token.oid.as_ref().unwrap_or(&token.client_id).clone(),
            client_id: token.client_id.clone(),
            name: token.client_name.clone(),
            patient: token.patient,
            rights: rights(&token),
        };
        let party =
            Party { client_id: Some(token.client_id.clone()), citizen: Some(token.citizen.clone()), certificate: None };
        Ok(Caller { access, party })
    }

    fn touch(&self, patient: Uuid) {
        if let Err(refusal) = self.tenant.purge_when_due() {
            tracing::error!(reason = refusal.reason().1, "the quarterly purge failed");
        }
        if let Err(refusal) = self.tenant.touch(patient) {
            tracing::error!(reason = refusal.reason().1, "a citizen's seeded records could not be made");
        }
    }

    fn request_id(&self) -> String {
        self.tenant.random.alphanumeric(16)
    }
}

/// What a token lets its bearer do. Mostly what may be read may be searched, and what may be created updated and deleted.
fn rights(token: &TokenInfo) -> Rights {
    let named = |types: ResourceTypes| Types::named(types.iter());
    if token.read == token.search && token.create == token.update && token.create == token.delete {
        return Rights::new(named(token.read), named(token.create));
    }
    Rights {
        create: named(token.create),
        read: named(token.read),
        update: named(token.update),
        delete: named(token.delete),
        search: named(token.search),
    }
}
