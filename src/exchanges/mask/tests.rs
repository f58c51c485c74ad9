use super::*;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

fn headers<const N: usize>(sent: [(&'static str, &'static str); N]) -> Headers {
    let map = sent.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    (&map.into_iter().collect::<HeaderMap>()).into()
}

#[test]
fn forms_bodies_and_urls_lose_their_secrets() {
    assert_eq!(
        mask_text("grant_type=authorization_code&code=0PinZc&client_secret=s3cret&redirect_uri=x"),
        "grant_type=authorization_code&code=***&client_secret=***&redirect_uri=x"
    );
    assert_eq!(
        mask_text(r#"{"access_token":"ey\"J","token_type":"Bearer","refresh_token": "abc"}"#),
        r#"{"access_token":"***","token_type":"Bearer","refresh_token": "***"}"#
    );
    assert_eq!(mask_url("https://app.test/cb?code=nej8YX&state=1"), "https://app.test/cb?code=***&state=1");
    assert_eq!(
        mask_url("/phr-authserver-sandbox/authorize?client_id=a&user_id=010190-900P"),
        "/phr-authserver-sandbox/authorize?client_id=a&user_id=***"
    );
}

#[test]
fn identity_codes_are_masked_wherever_they_stand() {
    assert_eq!(mask_text("signed in as 010190-900P."), "signed in as 010190-***.");
    assert_eq!(mask_text(r#"{"citizen":"010115B9017"}"#), r#"{"citizen":"010115B***"}"#);
    assert_eq!(mask_text("signed_in=010101%2B9000"), "signed_in=010101%2B***");
}

#[test]
fn what_is_no_secret_stays() {
    let unit = r#"{"system":"http://unitsofmeasure.org","code":"mmol/L"}"#;
    assert_eq!(mask_text(unit), unit);
    let search = "http://localhost/phr-resourceserver/baseR4/Observation?code=14743-9&patient=1";
    assert_eq!(mask_url(search), search);
}

#[test]
fn credentials_and_cookies_are_masked_whole() {
    let sent = [
        ("authorization", "Bearer abc"),
        ("cookie", "session=1"),
        ("location", "http://a/cb?code=abcdef&state=2"),
        ("accept", "application/json"),
    ];
    let masked = mask_headers(&headers(sent));
    let masked: Vec<_> = masked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        masked,
        [
            ("authorization", "Bearer ***"),
            ("cookie", "***"),
            ("location", "http://a/cb?code=***&state=2"),
            ("accept", "application/json")
        ]
    );
}

#[test]
fn identity_codes_in_other_spellings() {
    for (text, masked) in [
        ("identifier=x%7C131052-308T", "identifier=x%7C131052-***"),
        ("identifier=x%20131052308T&a=1", "identifier=x%20131052***&a=1"),
        ("<input value=\"131052308T\">", "<input value=\"131052***\">"),
        ("<input value=\"13.10.1952-308T\">", "<input value=\"13.10.1952-***\">"),
        ("x_131052-308T_y", "x_131052-***_y"),
        ("abc131052-308Txyz", "abc131052-***xyz"),
        ("131052%2D308T", "131052%2D***"),
        ("131052\\u002d308T", "131052\\u002d***"),
        ("%31%331052-308T", "%31%331052-***"),
        ("131052\u{2013}308T", "131052\u{2013}***"),
        ("131052-308X", "131052-***"),
        ("131052&#45;308T", "131052&#45;***"),
    ] {
        assert_eq!(mask_text(text), masked);
    }
    for text in ["1f131052-308f-4abc-8def-0123456789ab", "2026-06-01T12:00:00.250Z", "1780315200", "131052", "14743-9"]
    {
        assert_eq!(mask_text(text), text);
    }
}

#[test]
fn hidden_fields_of_recorded_pages() {
    for (html, masked) in [
        (r#"<input type="hidden" name="csrf" value="a1-b">"#, r#"<input type="hidden" name="csrf" value="***">"#),
        (r#"<input value='a1-b' type=hidden name='csrf'>"#, r#"<input value='***' type=hidden name='csrf'>"#),
        (r#"<input name=csrf value=a1-b><p>b"#, r#"<input name=csrf value=***><p>b"#),
        (r#"<input name="version" value="1">"#, r#"<input name="version" value="1">"#),
        (
            r#"<a href="/authorize?a=1&#38;user_id=7&#38;b=2">x"#,
            r#"<a href="/authorize?a=1&#38;user_id=***&#38;b=2">x"#,
        ),
    ] {
        assert_eq!(mask_text(html), masked);
    }
}

#[test]
fn what_error_texts_quote() {
    for (text, masked) in [
        (
            r#"{"error":"invalid_grant","error_description":"X: no authorization code found for value lmJ\"rz2"}"#,
            r#"{"error":"invalid_grant","error_description":"X: no authorization code found for value ***"}"#,
        ),
        (
            r#"Bearer error="a", error_description="Invalid refresh token: ab c""#,
            r#"Bearer error="a", error_description="Invalid refresh token: ***""#,
        ),
        ("TOKEN-REFRESH; Expired refresh token: abc", "TOKEN-REFRESH; Expired refresh token: ***"),
        (
            "http://a/cb?d=Invalid%20refresh%20token%3A%20ab&state=1",
            "http://a/cb?d=Invalid%20refresh%20token%3A%20***&state=1",
        ),
    ] {
        assert_eq!(mask_text(text), masked);
    }
}

#[test]
fn the_token_endpoint_knows_what_a_code_is() {
    let url = "http://localhost/t/a/phr-authserver-sandbox/token?x=1";
    for (body, masked) in [
        (r#"{"code": "0PinZc","client_id":"a"}"#, r#"{"code": "***","client_id":"a"}"#),
        (r#"{"code":["a]","b"],"x":1}"#, r#"{"code":[***],"x":1}"#),
        (r#"{"code":123456}"#, r#"{"code":***}"#),
        ("client_secret=a b\"c#d&x=1", "client_secret=***&x=1"),
    ] {
        assert_eq!(mask_exchange_body(url, body), masked);
    }
    let unit = r#"{"code":"mmol/L","link":"http://a?code=1"}"#;
    assert_eq!(mask_exchange_body("http://a/phr-resourceserver/baseR4/Observation", unit), unit);
}

#[test]
fn multipart_forms() {
    let part = |value: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n{value}\r\n--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--b--"
        )
    };
    assert_eq!(mask_text(&part("s3\r\ncret")), part(MASK));
}

#[test]
fn encoded_names() {
    for (text, masked) in [
        ("c%6Fde=abc&x=1", "c%6Fde=***&x=1"),
        ("client%5Fsecret=abc&x=1", "client%5Fsecret=***&x=1"),
        ("client%255Fsecret%253Dabc%2526x", "client%255Fsecret%253D***%2526x"),
        (r#"{"client\u005fsecret":"abc"}"#, r#"{"client\u005fsecret":"***"}"#),
        (r#"{"sent":"{\"client_secret\":\"abc\",\"x\":1}"}"#, r#"{"sent":"{\"client_secret\":\"***\",\"x\":1}"}"#),
        ("next=https%3A%2F%2Fa%3Fcode%3Dabc%26state%3D1", "next=https%3A%2F%2Fa%3Fcode%3D***%26state%3D1"),
    ] {
        assert_eq!(mask_text(text), masked);
    }
}

#[test]
fn tokens_in_fhir_queries_and_in_any_header() {
    let url = "/phr-resourceserver/baseR4/Observation?code=1&access_token=abc";
    assert_eq!(mask_url(url), "/phr-resourceserver/baseR4/Observation?code=1&access_token=***");
    assert_eq!(
        mask_url("/authorize?aud=a/phr-resourceserver/&code=b"),
        "/authorize?aud=a/phr-resourceserver/&code=***"
    );
    let sent = [("x-token", "v eyJhbGciOi.eyJzdWIiOi.c2ln-_x!"), ("x-forwarded", "Bearer abc0123456789")];
    let masked = mask_headers(&headers(sent));
    assert_eq!(masked[0].1, "v ***!");
    assert_eq!(masked[1].1, "Bearer ***");
    let challenge = "Bearer realm=\"openidconnect\", error=\"invalid_token\"";
    assert_eq!(mask_text(challenge), challenge);
}

#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "\"code\":\"",
        "code=",
        "<input name=",
        "%25",
        "\\",
        "form-data; name=",
        "eyJ",
        "131052",
        "&#",
        "\" :",
        "aaaa",
        "bearer ",
    ] {
        let text = piece.repeat(400_000 / piece.len());
        mask_exchange_body("/token", &text);
    }
}

#[test]
fn what_the_registration_pages_show_is_masked() {
    let html = r#"<dt class="code">client_id</dt><dd class="code pick">3f0f</dd></div><div><dt class="code">client_secret</dt><dd class="code pick">aB3_x</dd></div>"#;
    assert_eq!(mask_text(html), html.replace("aB3_x", "***"));
    assert_eq!(mask_text("<dt>client_secret</dt>"), "<dt>client_secret</dt>");
    assert_eq!(mask_text("<dt>client_secret</dt><dd"), "<dt>client_secret</dt><dd");
}
