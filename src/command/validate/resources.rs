//! An input to the resources in it: the whole text, one a line, or the entries of a Bundle.

use super::inputs::Input;
use kanta_phr_sandbox::fhir::validation::is_bundle;
use kanta_phr_sandbox::fhir::validation::report::{Entry, Place};
use kanta_phr_sandbox::json::{Document, Kind, Position, Value};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

/// A text that should be a resource.
#[derive(Debug)]
pub struct Resource {
    /// The input's name.
    pub file: Arc<str>,
    /// Where to write what is made of it, below a folder: the input's path without its extension.
    pub stem: Arc<PathBuf>,
    pub place: Place,
    /// Whether it is a Bundle, of which only what is not in its entries' resources is still to be judged.
    pub is_bundle: bool,
    /// Where it starts in the input.
    pub start: Position,
    pub bytes: Vec<u8>,
}

/// An input that is being read.
pub struct Resources {
    file: Arc<str>,
    stem: Arc<PathBuf>,
    reader: Box<dyn BufRead>,
    /// Text read ahead, to find out what the input is.
    ahead: Vec<Vec<u8>>,
    /// The number of the line read last, when each line is a resource.
    line: Option<u32>,
    is_done: bool,
    /// Entries of the Bundle read last, the next one at the end.
    entries: Vec<Resource>,
}

impl Resources {
    /// Opens an input.
    ///
    /// # Errors
    /// When it cannot be opened or read.
    pub fn open(input: &Input) -> io::Result<Resources> {
        let (reader, stem): (Box<dyn BufRead>, _) = match input {
            Input::StandardInput => (Box::new(io::stdin().lock()), PathBuf::from("standard-input")),
            Input::File { path, below } => {
                let file = File::open(path)?;
                // Opening a folder goes well on some systems; reading it does not.
                (Box::new(BufReader::with_capacity(1 << 16, file)), below.with_extension(""))
            }
        };
        Resources::new(input.name(), stem, reader, input.is_lines())
    }

    fn new(file: String, stem: PathBuf, reader: Box<dyn BufRead>, is_lines: bool) -> io::Result<Resources> {
        let mut resources = Resources {
            file: file.into(),
            stem: Arc::new(stem),
            reader,
            ahead: Vec::new(),
            line: is_lines.then_some(0),
            is_done: false,
            entries: Vec::new(),
        };
        if !is_lines {
            resources.look_ahead()?;
        }
        Ok(resources)
    }

    /// Each line is a resource when the first line is an object from end to end and the next one begins another.
    fn look_ahead(&mut self) -> io::Result<()> {
        let mut had_object = false;
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let text = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line).trim_ascii();
            let (opens, closes) = (text.starts_with(b"{"), text.ends_with(b"}"));
            let is_blank = text.is_empty();
            self.ahead.push(line);
            match (is_blank, had_object) {
                (true, _) => {}
                (false, false) if opens && closes => had_object = true,
                (false, false) => return Ok(()),
                (false, true) => {
                    self.line = opens.then_some(0);
                    return Ok(());
                }
            }
        }
    }

    /// The next resource; `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read on.
    pub fn next(&mut self) -> io::Result<Option<Resource>> {
        if let Some(entry) = self.entries.pop() {
            return Ok(Some(entry));
        }
        let (bytes, line) = match self.line {
            Some(_) => match self.next_line()? {
                Some((bytes, line)) => (bytes, Some(line)),
                None => return Ok(None),
            },
            None if self.is_done => return Ok(None),
            None => (self.rest()?, None),
        };
        let whole = Resource {
            file: self.file.clone(),
            stem: self.stem.clone(),
            place: Place { line, entry: None },
            is_bundle: false,
            start: Position { line: line.unwrap_or(1), column: 1 },
            bytes,
        };
        let entries = entries(&whole);
        let is_bundle = entries.is_some();
        self.entries = entries.unwrap_or_default();
        Ok(Some(Resource { is_bundle, ..whole }))
    }

    fn rest(&mut self) -> io::Result<Vec<u8>> {
        self.is_done = true;
        let mut bytes = std::mem::take(&mut self.ahead).concat();
        self.reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The next line that is not blank, and its number.
    fn next_line(&mut self) -> io::Result<Option<(Vec<u8>, u32)>> {
        loop {
            let bytes = match self.ahead.is_empty() {
                false => self.ahead.remove(0),
                true => {
                    let mut line = Vec::new();
                    self.reader.read_until(b'\n', &mut line)?;
                    line
                }
            };
            if bytes.is_empty() {
                return Ok(None);
            }
            let number = self.line.map_or(1, |line| line.saturating_add(1));
            self.line = Some(number);
            if !bytes.trim_ascii().is_empty() {
                let length = bytes.trim_ascii_end().len();
                let mut bytes = bytes;
                bytes.truncate(length);
                return Ok(Some((bytes, number)));
            }
        }
    }
}

/// The resources of a Bundle, the first one last; `None` for what is no Bundle.
fn entries(whole: &Resource) -> Option<Vec<Resource>> {
    // Most texts are none, and are parsed only where they are judged.
    let word = b"\"Bundle\"";
    if !whole.bytes.windows(word.len()).any(|window| window == word) {
        return None;
    }
    let document = Document::from_bytes(&whole.bytes).ok()?;
    let root = document.root();
    if !is_bundle(root) {
        return None;
    }
    let mut cursor = Cursor { text: document.text(), offset: 0, position: Position { line: 1, column: 1 } };
    let entries = root.get("entry").into_iter().flat_map(Value::items).enumerate().filter_map(|(index, entry)| {
        let resource = entry.get("resource").filter(|resource| resource.kind() == Kind::Object)?;
        let inner = cursor.advance(resource.span().start);
        let start = Position {
            line: whole.start.line + inner.line - 1,
            // A Bundle within a line starts at the line's beginning.
            column: inner.column,
        };
        Some(Resource {
            file: whole.file.clone(),
            stem: whole.stem.clone(),
            place: Place { line: whole.place.line, entry: Some(Entry { index, name: entry_name(entry, resource) }) },
            is_bundle: is_bundle(resource),
            start,
            bytes: resource.source().as_bytes().to_vec(),
        })
    });
    let mut entries: Vec<Resource> = entries.collect();
    entries.reverse();
    Some(entries)
}

/// A place in a text that only goes on, so that a long Bundle is counted through once.
struct Cursor<'t> {
    text: &'t str,
    offset: usize,
    position: Position,
}

impl Cursor<'_> {
    fn advance(&mut self, offset: usize) -> Position {
        for character in self.text[self.offset..offset].chars() {
            match character {
                '\n' => self.position = Position { line: self.position.line + 1, column: 1 },
                _ => self.position.column += 1,
            }
        }
        self.offset = offset;
        self.position
    }
}

/// What a reader knows an entry by.
fn entry_name(entry: Value<'_>, resource: Value<'_>) -> String {
    let text = |value: Option<Value<'_>>| value.and_then(Value::as_str).map(str::to_owned);
    let of_type = text(resource.get("resourceType"));
    text(entry.get("fullUrl"))
        .or_else(|| Some(format!("{}/{}", of_type.as_ref()?, text(resource.get("id"))?)))
        .or(of_type.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, starts and texts of the resources of an input.
    fn resources(text: &'static [u8], is_lines: bool) -> Vec<(String, (u32, u32), String)> {
        let mut found = Vec::new();
        let mut resources = Resources::new("f".to_owned(), PathBuf::from("f"), Box::new(text), is_lines).unwrap();
        while let Some(resource) = resources.next().unwrap() {
            let name = resource.place.name(&resource.file).into_owned();
            let text = String::from_utf8_lossy(&resource.bytes).into_owned();
            found.push((name, (resource.start.line, resource.start.column), text));
        }
        found
    }

    fn names(text: &'static [u8], is_lines: bool) -> Vec<String> {
        resources(text, is_lines).into_iter().map(|(name, ..)| name).collect()
    }

    #[test]
    fn an_input_is_one_text_unless_each_line_is_an_object() {
        assert_eq!(names(b"{\n}\n", false), ["f"]);
        assert_eq!(names(b"{}", false), ["f"]);
        assert_eq!(names(b"", false), ["f"]);
        assert_eq!(names(b"{} {}\n", false), ["f"]);
        assert_eq!(names(b"{}\n]", false), ["f"]);
        assert_eq!(names(b"\n{}\r\n\r\n  {broken\nx", false), ["f:2", "f:4", "f:5"]);
        assert_eq!(names("\u{feff}{}\n{}".as_bytes(), false), ["f:1", "f:2"]);
        assert_eq!(names(b"{}\n", true), ["f:1"]);
        assert_eq!(names(b"\n \n", true), [""; 0]);
        assert_eq!(names(b"\xff\n{}\n", true), ["f:1", "f:2"]);
    }

    proptest::proptest! {
        /// However an input is cut into lines, nothing of it is lost but blank space, and every line has its number.
        #[test]
        fn nothing_of_an_input_is_lost(lines in proptest::collection::vec("[{}\"a:1\u{e4} \r]{0,6}", 0..8), is_lines: bool) {
            let input: &'static str = lines.join("\n").leak();
            let found = resources(input.as_bytes(), is_lines);
            let judged: String = found.iter().map(|(.., text)| text.as_str()).collect();
            let visible = |text: &str| text.split_ascii_whitespace().collect::<String>();
            proptest::prop_assert_eq!(visible(&judged), visible(input));
            for (name, (line, _), text) in &found {
                if let Some(number) = name.strip_prefix("f:") {
                    proptest::prop_assert_eq!(number, &line.to_string());
                    proptest::prop_assert!(lines[*line as usize - 1].starts_with(text.as_str()));
                }
            }
        }
    }

    #[test]
    fn a_bundle_is_judged_entry_by_entry() {
        let bundle = b"{\"resourceType\": \"Bundle\", \"entry\": [\n {\"fullUrl\": \"urn:uuid:1\", \"resource\": {\"a\": 1}}, {},\n {\"resource\": {\"resourceType\": \"Patient\", \"id\": \"x\"}}]}";
        let found = resources(bundle, false);
        assert_eq!((&*found[0].0, &*found[0].2), ("f", std::str::from_utf8(bundle).unwrap()));
        assert_eq!(found[1], ("f entry[0] (urn:uuid:1)".to_owned(), (2, 40), "{\"a\": 1}".to_owned()));
        assert_eq!((&*found[2].0, found[2].1, found.len()), ("f entry[2] (Patient/x)", (3, 15), 3));
        let line = b"{}\n{\"resourceType\": \"Bundle\", \"entry\": [{\"resource\": {}}]}";
        assert_eq!(names(line, false), ["f:1", "f:2", "f:2 entry[0]"]);
        assert_eq!(names(b"{\"resourceType\": \"Bundle\", \"entry\": []}", false), ["f"]);
    }
}
