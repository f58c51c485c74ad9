//! What the forms of the pages have in common: where they go, what they carry, which names they use.

/// Where a page's forms are posted to and what each of them carries besides its own fields.
///
/// Forms are `POST`, `application/x-www-form-urlencoded`. The token against forged requests is sent in the field
/// [`field::CSRF`], the hidden fields follow as they are given here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The address the form is posted to, absolute or relative to the page; escaped by the page.
    pub action: String,
    /// The token that proves that the form came from our own page.
    pub csrf: String,
    /// Further hidden fields, name and value, in the order in which they are sent.
    pub hidden: Vec<(String, String)>,
}

/// The citizen in whose name the browser acts, as shown at the top of the terms and the consent page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedIn {
    /// Given names and family name.
    pub name: String,
    /// Whether the page offers "not you?", a button that posts `decision=switch`.
    pub may_switch: bool,
}

/// The names of form fields.
pub mod field {
    /// The token against forged requests, in every form.
    pub const CSRF: &str = "csrf";
    /// The button pressed; its values are in [`super::decision`].
    pub const DECISION: &str = "decision";
    /// Identification: the id of the citizen whose button was pressed. Attributes: of the one who is shown.
    pub const CITIZEN: &str = "citizen";
    /// Identification: the personal identity code as typed.
    pub const PERSONAL_IDENTITY_CODE: &str = "personal_identity_code";
}

/// The values of the field [`field::DECISION`].
pub mod decision {
    /// Identification: go on with the typed personal identity code. (A citizen's own button sends [`super::field::CITIZEN`] alone.)
    pub const IDENTIFY: &str = "identify";
    /// Attributes: go on with what is passed on.
    pub const CONTINUE: &str = "continue";
    /// Identification, attributes: leave without identifying oneself.
    pub const CANCEL: &str = "cancel";
    /// Terms, consent: yes.
    pub const ACCEPT: &str = "accept";
    /// Terms, consent: no.
    pub const REFUSE: &str = "refuse";
    /// Attributes, terms, consent: forget who is there and identify again.
    pub const SWITCH: &str = "switch";
}
