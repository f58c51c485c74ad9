//! A page as an HTTP response: HTML with headers that let nothing in.

use super::Language;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Where the forms of a page may lead, including the redirects that answer them: Chromium applies the policy's
/// `form-action` to those too, and to every further redirect of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormAction {
    /// The page has no forms.
    Nowhere,
    /// Only to the sandbox itself.
    Own,
    /// Anywhere: the answer may be a redirect to the application, whose callback may redirect further, to another
    /// origin or an app's own scheme.
    Anywhere,
}

/// A rendered page. As a response it is HTML that must not be stored, framed or sniffed, and that loads nothing but
/// our stylesheet and, where asked, an application's logo or our script.
#[derive(Clone, Debug)]
pub struct Page {
    status: StatusCode,
    language: Language,
    html: String,
    form_action: FormAction,
    /// Where else images come from, as a source of the policy.
    images: Option<String>,
    /// Whether our own script may run.
    scripts: bool,
}

impl Page {
    /// Renders a template. Rendering can only fail when a value refuses to be displayed, which plain text never does;
    /// should it happen all the same, the page is a bare 500.
    pub(super) fn render(language: Language, template: &impl Template, form_action: FormAction) -> Page {
        let (status, html) = match template.render() {
            Ok(html) => (StatusCode::OK, html),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, String::from("<!doctype html><title>500</title><p>500")),
        };
        Page { status, language, html, form_action, images: None, scripts: false }
    }

    /// Answers with another status than 200.
    pub fn with_status(mut self, status: StatusCode) -> Page {
        self.status = status;
        self
    }

    /// Sets where forms may lead, if the page's own choice does not fit.
    pub fn with_form_action(mut self, form_action: FormAction) -> Page {
        self.form_action = form_action;
        self
    }

    /// Lets the page load images from one more source: the logo of an application. It must be a word of the policy's
    /// grammar.
    pub(super) fn with_images_from(mut self, source: Option<String>) -> Page {
        self.images = source;
        self
    }

    /// Lets the page run our own script.
    pub(super) fn with_scripts(mut self) -> Page {
        self.scripts = true;
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The HTML.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The value of `Content-Security-Policy`.
    pub fn content_security_policy(&self) -> String {
        let images = self.images.as_ref().map_or_else(|| String::from("'self'"), |source| format!("'self' {source}"));
        let form_action = match self.form_action {
            FormAction::Nowhere => "; form-action 'none'",
            FormAction::Own => "; form-action 'self'",
            FormAction::Anywhere => "",
        };
        let scripts = if self.scripts { "script-src 'self'; " } else { "" };
        format!(
            "default-src 'none'; {scripts}style-src 'self'; img-src {images}; base-uri 'none'; frame-ancestors 'none'{form_action}"
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = self.content_security_policy();
        let mut response = (self.status, self.html).into_response();
        let headers = response.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, "text/html; charset=utf-8");
        set(header::CONTENT_LANGUAGE, self.language.code());
        set(header::CACHE_CONTROL, "no-store");
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::X_FRAME_OPTIONS, "DENY");
        // Not no-referrer: with it browsers send `Origin: null` along with our own forms, which are checked by Origin.
        // Other origins (the application, a logo's host) learn nothing by either.
        set(header::REFERRER_POLICY, "same-origin");
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
