//! The files in the binary. A new file is one line here; a test compares the lists with the folders.

/// A file of `seed-data/`.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    /// Its path.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! files {
    ($folder:literal: $($name:literal)*) => {
        &[$(File {
            name: concat!("seed-data/", $folder, "/", $name, ".json"),
            text: include_str!(concat!("../../seed-data/", $folder, "/", $name, ".json")),
        }),*]
    };
}

/// The citizens, in the order they are listed.
pub(super) const CITIZENS: &[File] = files!["citizens":
    "aino"
    "aleksi"
    "anna-liisa"
    "asa"
    "benjamin"
    "charlotte"
    "daniel"
    "eero"
    "elsa"
    "fredrik"
    "hilja"
    "iida"
    "kalle"
    "linnea"
    "matias"
    "noora"
    "oliver"
    "pekka"
];

/// The clients; the first is the ready one.
pub(super) const CLIENTS: &[File] = files!["clients":
    "demo"
    "many-redirects"
    "professional"
    "read-only"
];
