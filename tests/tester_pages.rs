//! The tester UI over HTTP, without JavaScript: every flow, bad input, and that nothing is reflected unescaped.

use kanta_phr_sandbox::Sandbox;
use kanta_phr_sandbox::sandbox::Options;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, header};
use serde_json::json;
use std::collections::BTreeMap;

#[path = "tester_pages/examples.rs"]
mod examples;
#[path = "tester_pages/told.rs"]
mod told;

/// A browser that keeps cookies and speaks English.
struct Browser {
    http: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

struct Shown {
    status: u16,
    html: String,
    url: String,
}

impl Browser {
    fn new(base: &str) -> Browser {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Browser { http, base: base.to_owned(), cookies: BTreeMap::new() }
    }

    fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn take(&mut self, response: &Response) {
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Follows redirects.
    async fn open(&mut self, path: &str) -> Shown {
        let mut path = path.to_owned();
        for _ in 0..4 {
            let url = format!("{}{path}", self.base);
            let request = self.http.get(&url).header(header::COOKIE, self.cookie()).header("accept-language", "en");
            let response = request.send().await.unwrap();
            self.take(&response);
            match response.headers().get(header::LOCATION) {
                Some(location) => path = location.to_str().unwrap().to_owned(),
                None => return Browser::shown(response).await,
            }
        }
        panic!("{path} redirects for ever");
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let url = format!("{}{path}", self.base);
        let request = self.http.post(&url).header(header::COOKIE, self.cookie()).header("accept-language", "en");
        let response = request.form(fields).send().await.unwrap();
        self.take(&response);
        match response.headers().get(header::LOCATION).map(|location| location.to_str().unwrap().to_owned()) {
            Some(location) => self.open(&location).await,
            None => Browser::shown(response).await,
        }
    }

    /// Sends the form of a page with these fields.
    async fn submit(&mut self, page: &Shown, fields: &[(&str, &str)]) -> Shown {
        let csrf = page.csrf();
        let path = page.url.split_once("/phr-").map(|(_, path)| format!("/phr-{path}")).unwrap();
        let path = path.split('?').next().unwrap().to_owned();
        let all: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post(&path, &all).await
    }

    async fn shown(response: Response) -> Shown {
        let policy = response.headers().get("content-security-policy").map(|value| value.to_str().unwrap().to_owned());
        let policy = policy.unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let (status, url) = (response.status().as_u16(), response.url().to_string());
        Shown { status, url, html: response.text().await.unwrap() }
    }
}

impl Shown {
    fn csrf(&self) -> String {
        self.after("name=\"csrf\" value=\"")
    }

    /// What stands behind a text up to the next quote, with the entities of HTML undone.
    fn after(&self, text: &str) -> String {
        let (_, behind) = self.html.split_once(text).unwrap_or_else(|| panic!("no {text} in {}", self.html));
        plain(behind.split('"').next().unwrap())
    }

    /// What is in the editor.
    fn body(&self) -> String {
        let (_, behind) = self.html.split_once("data-broken=").expect("an editor");
        let (_, behind) = behind.split_once(">\n").unwrap();
        plain(behind.split("</textarea>").next().unwrap())
    }

    fn says(&self, words: &str) -> &Shown {
        assert!(self.html.contains(words), "{words:?} is not on the page: {}", self.html);
        self
    }
}

fn plain(html: &str) -> String {
    let entities = [("&#34;", "\""), ("&quot;", "\""), ("&#60;", "<"), ("&lt;", "<")];
    let more = [("&#62;", ">"), ("&gt;", ">"), ("&#39;", "'"), ("&#38;", "&"), ("&amp;", "&")];
    entities.iter().chain(&more).fold(html.to_owned(), |html, (entity, sign)| html.replace(entity, sign))
}

const UI: &str = "/phr-resourceserver-ui/";

fn open(path: &str) -> String {
    format!("{UI}open/r4/{path}")
}

/// The pseudonym that the pages offer first.
async fn patient(browser: &mut Browser) -> String {
    let page = browser.open(&open("Observation")).await;
    page.after("name=\"patient\" value=\"")
}

#[tokio::test]
async fn types_are_counted_and_searched_page_by_page() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    browser.open("/").await.says("/phr-resourceserver-ui/");
    let home = browser.open(UI.trim_end_matches('/')).await;
    assert_eq!(home.status, 200);
    for place in ["open/r4/", "open/stu3/", "authorized/r4/", "authorized/stu3/"] {
        home.says(&format!("href=\"{UI}{place}\""));
    }
    let types = browser.open(&open("")).await;
    types.says("MedicationAdministration").says("CapabilityStatement").says("Batch or transaction");
    assert!(!types.html.contains("Consent"), "R4 has none");
    browser.open(&format!("{UI}open/stu3/")).await.says("Consent");
    browser.open(&open("metadata")).await.says("200 OK").says("CapabilityStatement");

    let patient = patient(&mut browser).await;
    let form = browser.open(&open("Observation")).await;
    for field in ["_id", "_lastUpdated", "date", "code", "identifier", "category", "_count", "_summary", "_elements"] {
        form.says(&format!("name=\"{field}\""));
    }
    form.says("date~prefix").says("http://loinc.org|…").says("mandatory").says("Of several, those without a system");
    assert!(!form.html.contains("_security"), "of STU3 only");
    browser.open(&format!("{UI}open/stu3/Observation")).await.says("name=\"_security\"");

    let query = format!("Observation?patient={patient}&date~prefix=ge&date=2000-01-01&_sort=-date&_count=2&send=");
    let found = browser.open(&open(&query)).await;
    found.says("200 OK").says("date=ge2000-01-01").says("rel=\"next\"").says("<option selected>ge</option>");
    assert!(!found.html.contains("rel=\"prev\""));
    let next = found.after("rel=\"next\" href=\"");
    assert!(next.starts_with(&open("page?_getpages=")), "{next}");
    let second = browser.open(&next).await;
    let previous = second.says("200 OK").after("rel=\"prev\" href=\"");
    browser.open(&previous).await.says("rel=\"next\"");

    // Without the mandatory patient the server says no, and so does the page.
    let refused = browser.open(&open("Observation?patient=&send=")).await;
    refused.says("400 Bad Request").says("Sandbox-Reason").says("issue error");
    let by_post = browser.open(&open(&format!("Observation?patient={patient}&~by=post&~more=x%3Dy&send="))).await;
    by_post.says("POST").says("/_search").says("400 Bad Request").says("value=\"x=y\"");
    // What was sent is in the journal like any request.
    let url = format!("{}/_sandbox/exchanges?path=_search", phr.http_url());
    let journal: serde_json::Value = Client::new().get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(journal.as_array().unwrap().len(), 1, "{journal}");
    let url = format!("{}/_sandbox/exchanges?path=-ui/", phr.http_url());
    let journal: serde_json::Value = Client::new().get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(journal, json!([]), "the pages themselves are not");
}

#[tokio::test]
async fn a_resource_is_created_read_changed_compared_and_deleted() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let patient = patient(&mut browser).await;
    let page = browser.open(&open("Observation/new?example=bodyweight-minimal")).await;
    let body = page.body();
    assert!(body.contains(&format!("Patient/{patient}")) && body.contains("72.50"), "{body}");

    // Judged first: a missing element is told with its line and what to do, and nothing is stored.
    let wrong = body.replace("\"valueQuantity\"", "\"valueQuantitie\"");
    let judged = browser.submit(&page, &[("body", &wrong), ("do", "validate")]).await;
    judged.says("It would be refused.").says("href=\"#judged-").says("id=\"judged-");
    let line = wrong.lines().position(|line| line.contains("valueQuantitie")).unwrap() + 1;
    judged.says(&format!("href=\"#judged-{line}\"")).says(&format!("marked-error\" id=\"judged-{line}\""));
    let profile = "http://phr.kanta.fi/StructureDefinition/fiphr-sd-bloodpressure";
    let other = browser.submit(&page, &[("body", &body), ("do", "validate"), ("profile", profile)]).await;
    other.says("It would be refused.");
    let refused = browser.submit(&page, &[("body", &wrong), ("do", "send")]).await;
    refused.says("422 Unprocessable Entity").says("Sandbox-Reason").says(&format!("href=\"#request-{line}\""));
    browser.submit(&page, &[("body", &body), ("do", "validate")]).await.says("It would be stored.");

    let crlf = body.replace('\n', "\r\n");
    let stored = browser.submit(&page, &[("body", &crlf), ("do", "send"), ("prefer", "return=minimal")]).await;
    stored.says("201 Created").says("prefer: return=minimal").says("Stored:").says("curl -i -X POST");
    let resource = stored.after("Stored: <a href=\"");
    let identifier = body.split("urn:uuid:").nth(1).unwrap().split('"').next().unwrap();
    let condition = format!("identifier=urn:ietf:rfc:3986|urn:uuid:{identifier}");
    let again = [("body", body.as_str()), ("do", "send"), ("if_none_exist", &condition)];
    let again = browser.submit(&page, &again).await;
    assert_eq!(again.says("200 OK").after("Stored: <a href=\""), resource, "the same one");

    let read = browser.open(&resource).await;
    read.says("200 OK").says("72.50 kg").says("fiphr-sd-bodyweight").says(" ms");
    read.says(&format!("href=\"{UI}open/r4/Patient/{patient}\""));
    browser.open(&open(&format!("Patient/{patient}"))).await.says("200 OK");
    let id = resource.rsplit('/').next().unwrap();
    let by_id = browser.open(&open(&format!("Observation/read?id=Observation/{id}"))).await;
    assert!(by_id.url.ends_with(&resource), "{}", by_id.url);

    let edit = browser.open(&format!("{resource}/edit")).await;
    assert_eq!(edit.after("name=\"if_match\" value=\""), "W/\"1\"");
    let changed = edit.body().replace("72.50", "71.80").replace("72,50", "71,80");
    let stale = browser.submit(&edit, &[("body", &changed), ("do", "send"), ("if_match", "W/\"7\"")]).await;
    stale.says("409 Conflict");
    let updated = browser.submit(&edit, &[("body", &changed), ("do", "send"), ("if_match", "W/\"1\"")]).await;
    updated.says("200 OK").says("if-match");
    let history = browser.open(&format!("{resource}/history")).await;
    history.says("PUT").says("POST").says("changes since 1");
    browser.open(&format!("{resource}/history/1")).await.says("200 OK").says("72.50 kg").says("Newest version");
    let changes = browser.open(&format!("{resource}/changes?from=1&to=2")).await;
    changes.says("<del>-     &#34;value&#34;: 72.50,").says("<ins>+     &#34;value&#34;: 71.80,");
    browser.open(&format!("{resource}/changes?from=1&to=9")).await.says("404 Not Found");

    let like = browser.open(&open(&format!("Observation/new?like={id}&version=1"))).await.body();
    assert!(like.contains("72.50") && !like.contains(id) && !like.contains("versionId"), "{like}");
    assert!(!like.contains(identifier), "an identifier of its own");

    let ask = browser.open(&format!("{resource}/delete")).await;
    ask.says("Delete this resource?");
    browser.open(&resource).await.says("200 OK");
    browser.submit(&ask, &[]).await.says("200 OK").says("Deleted");
    browser.open(&resource).await.says("410 Gone").says("Sandbox-Reason");
    browser.open(&format!("{resource}/history")).await.says("DELETE");
    browser.open(&format!("{resource}/edit")).await.says("410 Gone");
}

#[tokio::test]
async fn a_token_goes_with_requests_to_the_authorized_endpoint() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let place = format!("{UI}authorized/r4/");
    browser.open(&place).await.says("No access token is sent.");
    browser.open(&format!("{place}Observation?patient=x&send=")).await.says("401 Unauthorized").says("502120");
    let token = format!("{UI}token");
    let home = browser.open(&token).await;
    let client = home.after("selected>").len();
    assert!(client > 0);
    let id = home.after("name=\"client_id\">").len();
    assert_eq!(id, "<option value=".len(), "clients are listed");
    let refused = [("do", "obtain"), ("citizen", "nobody<b>"), ("client_id", "kanta-phr-sandbox-demo")];
    let refused = browser.submit(&home, &refused).await;
    assert_eq!(refused.status, 400);
    refused.says("there is no citizen");
    // What was chosen stays.
    let wanted =
        [("do", "obtain"), ("citizen", "matias"), ("client_id", "kanta-phr-sandbox-demo"), ("scope", "patient/x.read")];
    let refused = browser.submit(&home, &wanted).await;
    assert_eq!(refused.status, 400);
    refused.says("<option value=\"matias\" selected>").says("value=\"patient/x.read\"").says("class=\"problem\"");
    let wanted = [
        ("do", "obtain"),
        ("citizen", "matias"),
        ("client_id", "kanta-phr-sandbox-demo"),
        ("scope", "patient/Observation.read"),
    ];
    let types = browser.submit(&home, &wanted).await;
    types.says("Token of").says("Observation");
    let form = browser.open(&format!("{place}Observation")).await;
    let patient = form.after("name=\"patient\" value=\"");
    let found = browser.open(&format!("{place}Observation?patient={patient}&send=")).await;
    found.says("200 OK").says("authorization").says("Bearer ");
    // It reads only, and no other's.
    let page = browser.open(&format!("{place}Observation/new?example=bodyweight-minimal")).await;
    let body = page.body();
    browser.submit(&page, &[("body", &body), ("do", "send")]).await.says("403 Forbidden").says("502020");

    let home = browser.open(&token).await;
    let bad = browser.submit(&home, &[("do", "paste"), ("token", "a b;c")]).await;
    assert_eq!(bad.status, 400);
    browser.submit(&home, &[("do", "paste"), ("token", "Bearer wrong")]).await.says("The token is not accepted:");
    browser.open(&format!("{place}Patient/{patient}")).await.says("403 Forbidden").says("502120");
    let home = browser.open(&token).await;
    browser.submit(&home, &[("do", "forget")]).await;
    browser.open(&place).await.says("No access token is sent.");
}

#[tokio::test]
async fn bundles_are_sent_and_faults_are_seen() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let page = browser.open(&open("bundle")).await;
    let body = page.body();
    browser.submit(&page, &[("body", &body), ("do", "send")]).await.says("200 OK").says("batch-response");
    assert!(!browser.open(&format!("{UI}open/stu3/")).await.html.contains("Batch or"), "STU3 answers none");
    let faults = json!([
        {"match": {"path": "/phr-resourceserver/baseR4/metadata"}, "fault": {"cut": "before"}, "times": 1},
        {"match": {"path": "/phr-resourceserver/baseR4/metadata"}, "fault": {"malformed": true}, "times": 1},
    ]);
    let url = format!("{}/_sandbox/faults", phr.http_url());
    assert!(Client::new().put(url).json(&faults).send().await.unwrap().status().is_success());
    browser.open(&open("metadata")).await.says("The connection was cut: no answer");
    browser.open(&open("metadata")).await.says("Response body");
    browser.open(&open("metadata")).await.says("200 OK");
}

#[tokio::test]
async fn forms_from_elsewhere_change_nothing() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let path = open("Observation/new");
    let without = Browser::new(phr.http_url()).post(&path, &[("csrf", "x"), ("body", "{}")]).await;
    assert_eq!(without.status, 400);
    without.says("TESTER-COOKIES");
    let page = browser.open(&path).await;
    let forged = browser.post(&path, &[("csrf", "x"), ("body", "{}")]).await;
    assert_eq!(forged.status, 403);
    forged.says("TESTER-CSRF");
    let csrf = page.csrf();
    for (name, value) in [("origin", "http://evil.test"), ("sec-fetch-site", "cross-site")] {
        let request = browser.http.post(format!("{}{path}", browser.base)).header(header::COOKIE, browser.cookie());
        let form = [("csrf", csrf.as_str()), ("body", "{}"), ("do", "send")];
        let response = request.header(name, value).form(&form).send().await.unwrap();
        assert_eq!(response.status(), 403, "{name}");
    }
    let long = "x".repeat(11 << 20);
    let too_long = browser.submit(&page, &[("body", &long)]).await;
    assert_eq!(too_long.status, 413);
    too_long.says("TESTER-TOO-LONG");
    // A cookie from elsewhere does not carry another's form.
    let other = Browser::new(phr.http_url()).open(&path).await.csrf();
    assert_ne!(other, csrf);
    assert_eq!(browser.post(&path, &[("csrf", &other), ("body", "{}")]).await.status, 403);
}

#[tokio::test]
async fn bad_input_is_told_and_never_reflected() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    for nowhere in [
        "open/r5/",
        "closed/r4/",
        "open/r4/Encounter",
        "open/r4/Consent",
        "open/r4/OperationDefinition",
        "x",
        "open/r4/Observation/1/2/3",
        "open/r4/%FF",
        "open/%00/Observation",
    ] {
        let page = browser.open(&format!("{UI}{nowhere}")).await;
        assert_eq!(page.status, 404, "{nowhere}");
        page.says("TESTER-NOT-FOUND").says("<h1>");
    }
    let nasty = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%3E%3Cimg%20src%3Dx%3E";
    for path in [
        open(&format!("Observation/{nasty}")),
        open(&format!("Observation/{nasty}/history/{nasty}")),
        open(&format!("Observation/{nasty}/history")),
        open(&format!("Observation/{nasty}/edit")),
        open(&format!("Observation/{nasty}/delete")),
        open(&format!("Observation/{nasty}/changes?from={nasty}&to={nasty}")),
        open(&format!("Observation/new?like={nasty}&version={nasty}")),
        open(&format!("Observation/new?example={nasty}")),
        open(&format!("Observation/read?id={nasty}")),
        open(&format!(
            "Observation?patient={nasty}&_sort={nasty}&date~prefix={nasty}&date={nasty}&send={nasty}&{nasty}={nasty}"
        )),
        open(&format!("Observation?~more={nasty}&~by={nasty}&send=")),
        open(&format!("page?_getpages={nasty}&{nasty}")),
        open(&format!("?patient={nasty}")),
        format!("{UI}?sandbox_lang={nasty}"),
    ] {
        let page = browser.open(&path).await;
        assert!(page.status < 500, "{path}: {}", page.status);
        assert!(!page.html.contains("<script>") && !page.html.contains("<img"), "{path}: {}", page.html);
    }
    let page = browser.open(&open("Observation/new")).await;
    for body in ["", "{", "[]", "<script>alert(1)</script>", "\u{0}", "{\"resourceType\":\"<img src=x>\"}", "{\"a\":1}"]
    {
        for act in ["send", "validate", "dance"] {
            let shown =
                browser.submit(&page, &[("body", body), ("do", act), ("prefer", "a\nb"), ("if_none_exist", "ä")]).await;
            assert!(shown.status < 500, "{body}");
            assert!(!shown.html.contains("<script>") && !shown.html.contains("<img"), "{body}: {}", shown.html);
        }
    }
    let unsendable = browser.submit(&page, &[("body", "{}"), ("do", "send"), ("prefer", "a\nb")]).await;
    assert_eq!(unsendable.status, 400);
    unsendable.says("TESTER-FORM");
    let unknown = browser.submit(&page, &[("body", "{}"), ("do", "validate"), ("profile", "http://<b>")]).await;
    unknown.says("There is no profile");
}

/// The open endpoint has the pages for itself; a control token closes what it guards.
#[tokio::test]
async fn the_pages_open_no_door_that_is_closed() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.open_url());
    let home = browser.open(UI).await;
    assert!(!home.html.contains("authorized/") && !home.html.contains("name=\"token\""), "{}", home.html);
    assert_eq!(browser.open(&format!("{UI}authorized/r4/")).await.status, 404);
    let patient = patient(&mut browser).await;
    browser.open(&open(&format!("Observation?patient={patient}&send="))).await.says("200 OK");
    let css = Client::new().get(format!("{}/assets/tester.css", browser.base)).send().await.unwrap();
    assert_eq!(css.status(), 200);
    assert_eq!(Client::new().get(format!("{}/citizen/", browser.base)).send().await.unwrap().status(), 404);

    let options = Options { control_token: Some("secret".into()), ..Options::default() };
    let phr = Sandbox::start_with(options).await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    let home = browser.open(UI).await;
    assert!(!home.html.contains("value=\"obtain\"") && !home.html.contains("open/r4"), "{}", home.html);
    assert_eq!(browser.open(&open("")).await.status, 404);
    let wanted = [("do", "obtain"), ("citizen", "matias"), ("client_id", "kanta-phr-sandbox-demo")];
    let token = format!("{UI}token");
    let page = browser.open(&token).await;
    assert_eq!(browser.submit(&page, &wanted).await.status, 400);
}

#[tokio::test]
async fn every_page_speaks_three_languages() {
    let phr = Sandbox::start().await.unwrap();
    let mut browser = Browser::new(phr.http_url());
    for (language, words) in [("fi", "Resurssipalvelimet käsin"), ("sv", "Resursservrarna för hand"), ("en", "by hand")]
    {
        browser.open(&format!("{UI}?sandbox_lang={language}")).await.says(words).says(&format!("lang=\"{language}\""));
    }
    let kept = browser.open(&open("Observation?patient=1&send=&date=a&date=b")).await;
    kept.says("?patient=1&#38;send=&#38;date=a&#38;date=b&#38;sandbox_lang=sv");
}
