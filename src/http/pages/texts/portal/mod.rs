//! The words of the registration pages, one file per language.

mod en;
mod fi;
mod sv;

use super::super::Language;

/// Every text of the registration pages in one language.
pub struct PortalTexts {
    pub eyebrow: &'static str,
    pub sign_in_title: &'static str,
    pub sign_in_lead: &'static str,
    pub account_title: &'static str,
    pub account_lead: &'static str,
    pub user_name: &'static str,
    pub user_name_hint: &'static str,
    pub password: &'static str,
    pub password_hint: &'static str,
    pub sign_in: &'static str,
    pub make_account: &'static str,
    pub no_account: &'static str,
    pub has_account: &'static str,
    pub bad_name: &'static str,
    pub bad_password: &'static str,
    pub taken: &'static str,
    pub error_prefix: &'static str,
    pub sign_out_title: &'static str,
    pub sign_out_lead: &'static str,
    pub sign_out: &'static str,
    pub signed_in: &'static str,
    pub list_title: &'static str,
    pub list_lead: &'static str,
    pub none_yet: &'static str,
    pub new_client: &'static str,
    pub open_title: &'static str,
    pub open_lead: &'static str,
    pub open: &'static str,
    pub open_failed: &'static str,
    pub registration_token: &'static str,
    pub new_title: &'static str,
    pub new_lead: &'static str,
    pub saved: &'static str,
    pub saved_lead: &'static str,
    pub not_saved: &'static str,
    pub credentials: &'static str,
    pub credentials_lead: &'static str,
    pub main: &'static str,
    pub name: &'static str,
    pub name_hint: &'static str,
    pub redirect_uris: &'static str,
    pub redirect_uris_hint: &'static str,
    pub post_logout_redirect_uris: &'static str,
    pub post_logout_redirect_uris_hint: &'static str,
    pub access: &'static str,
    pub kind: &'static str,
    pub wellbeing: &'static str,
    pub professional: &'static str,
    pub refresh: &'static str,
    pub scopes: &'static str,
    pub scopes_hint: &'static str,
    pub auth: &'static str,
    pub basic: &'static str,
    pub post: &'static str,
    pub shown: &'static str,
    pub description: &'static str,
    pub contacts: &'static str,
    pub contacts_hint: &'static str,
    pub logo: &'static str,
    pub home_page: &'static str,
    pub policy: &'static str,
    pub tos: &'static str,
    pub oid: &'static str,
    pub oid_hint: &'static str,
    pub save: &'static str,
    pub back: &'static str,
    pub remove: &'static str,
    pub remove_lead: &'static str,
    pub remove_button: &'static str,
}

impl PortalTexts {
    /// The texts of a language.
    pub fn of(language: Language) -> &'static PortalTexts {
        match language {
            Language::Fi => &fi::TEXTS,
            Language::Sv => &sv::TEXTS,
            Language::En => &en::TEXTS,
        }
    }
}
