//! The elements and attributes that a narrative may use.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Whether an element may stand in a narrative.
pub(super) fn is_allowed_element(name: &str) -> bool {
    matches!(
        name,
        "p" | "br"
            | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "a"
            | "span"
            | "b"
            | "em"
            | "i"
            | "strong"
            | "small"
            | "big"
            | "tt"
            | "dfn"
            | "q"
            | "var"
            | "abbr"
            | "acronym"
            | "cite"
            | "blockquote"
            | "hr"
            | "address"
            | "bdo"
            | "kbd"
            | "sub"
            | "sup"
            | "ul"
            | "ol"
            | "li"
            | "dl"
            | "dt"
            | "dd"
            | "pre"
            | "table"
            | "caption"
            | "colgroup"
            | "col"
            | "thead"
            | "tr"
            | "tfoot"
            | "tbody"
            | "th"
            | "td"
            | "code"
            | "samp"
            | "img"
            | "map"
            | "area"
    )
}

/// Whether an element may have an attribute.
pub(super) fn is_allowed_attribute(element: &str, attribute: &str) -> bool {
    if attribute.starts_with("xmlns") {
        return true;
    }
    let anywhere = matches!(
        attribute,
        "title" | "style" | "class" | "id" | "lang" | "xml:lang" | "dir" | "accesskey" | "tabindex"
            // Those of tables are allowed everywhere too.
            | "span" | "width" | "align" | "valign" | "char" | "charoff" | "abbr" | "axis" | "headers" | "scope"
            | "rowspan" | "colspan"
    );
    anywhere
        || match element {
            "a" => matches!(
                attribute,
                "href" | "name" | "charset" | "type" | "hreflang" | "rel" | "rev" | "shape" | "coords"
            ),
            "img" => {
                matches!(attribute, "src" | "border" | "alt" | "longdesc" | "height" | "width" | "usemap" | "ismap")
            }
            "blockquote" | "q" => attribute == "cite",
            "map" => attribute == "name",
            "area" => matches!(attribute, "shape" | "coords" | "href" | "nohref" | "alt"),
            "table" => {
                matches!(attribute, "summary" | "width" | "border" | "frame" | "rules" | "cellspacing" | "cellpadding")
            }
            "pre" => attribute == "space",
            "td" => attribute == "nowrap",
            _ => false,
        }
}

/// Why the address of a link or an image cannot be; scripts are refused beyond what HAPI looks at.
pub(super) fn url_problem(url: &str) -> Option<String> {
    if url.trim().is_empty() {
        return Some("URL is empty".to_owned());
    }
    if is_script(url) {
        return Some("scripts are not allowed".to_owned());
    }
    let data = url.strip_prefix("data:")?;
    let Some((kind, content)) = data.split_once(',') else {
        return Some(format!("No data found in data: URL: {}", shortened(url)));
    };
    if content.contains(',') {
        return Some(format!("Comma found in data portion of data URL: {}", shortened(url)));
    }
    let is_base64 = kind.ends_with(";base64") && STANDARD.decode(content).is_ok();
    (!is_base64).then(|| format!("The data should be valid base64 content for a data: URL: {}", shortened(url)))
}

/// Whether an address runs a script, as browsers read it: white space and control characters do not count.
pub(super) fn is_script(url: &str) -> bool {
    let scheme: String = url.chars().filter(|letter| *letter > ' ').take(11).collect();
    scheme.to_ascii_lowercase().starts_with("javascript:")
}

fn shortened(url: &str) -> &str {
    url.char_indices().nth(80).map_or(url, |(end, _)| &url[..end])
}
