//! The directory of a store: what kind it is, and who has it.
//!
//! ```text
//! format   a line of text that names the format and its version, written last when a directory is made
//! lock     empty; locked while a process has the store open
//! mark     the sequence number of the last acknowledged group, see `log`
//! sled/    the log
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Why a directory could not be opened. Except for [`OpenError::Damaged`], nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is a file or something else that is not a directory.
    #[error("the data directory {} is not a directory: give another path", .0.display())]
    NotADirectory(PathBuf),
    /// It has content, but not a store's.
    #[error("the directory {} holds something that is not the sandbox's data: give an empty or a new directory", .0.display())]
    Foreign(PathBuf),
    /// It was written by another version of the sandbox.
    #[error("the data directory {} has format {found:?}, and this version reads {FORMAT:?}: use the version that wrote it, or give a new directory", .directory.display())]
    OtherVersion {
        /// The directory.
        directory: PathBuf,
        /// What its format marker says.
        found: String,
    },
    /// Another process (or another store of this one) has it open.
    #[error("the data directory {} is in use by another process: stop that one, or give another directory", .0.display())]
    Locked(PathBuf),
    /// Its content is incomplete or contradicts itself. The log may have trimmed unreadable parts while finding that
    /// out, when the damage is not one that a look from outside shows.
    #[error("the data in {} is damaged ({reason}): restore the directory from a copy, or remove it to start anew", .directory.display())]
    Damaged {
        /// The directory.
        directory: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The system refused: permissions, a full disk.
    #[error("the data directory {} cannot be used ({error}): check its permissions and the free space", .directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// The format this version reads and writes.
const FORMAT: &str = "kanta-phr-sandbox store 3";
const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";
/// What may be found beside the lock file when the process died while it made a directory.
const UNFINISHED: [&str; 4] = ["format.new", LOCK_FILE, "mark", "sled"];
/// What a freshly made file system holds of its own.
const LOST_AND_FOUND: &str = "lost+found";

/// A store's directory, locked as long as this lives.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Whether it was made just now (or its making never finished): it holds no acknowledged data.
    pub(super) is_new: bool,
    /// Holds the lock; the system gives it back when the file is closed, however the process ends.
    _lock: File,
}

impl Directory {
    /// Looks at `path`, and locks it if it is a store's or can become one. Writes nothing but the lock file, and that
    /// only then.
    pub(super) fn lock(path: &Path) -> Result<Directory, OpenError> {
        let io = |error| OpenError::Io { directory: path.to_owned(), error };
        look(path)?;
        fs::create_dir_all(path).map_err(io)?;
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).open(path.join(LOCK_FILE)).map_err(io)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::Locked(path.to_owned()),
            TryLockError::Error(error) => io(error),
        })?;
        // Once more, now that nobody else can be making it.
        let is_new = !look(path)?;
        Ok(Directory { path: path.to_owned(), is_new, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the log is.
    pub(super) fn sled(&self) -> PathBuf {
        self.path.join("sled")
    }

    /// Where the mark is.
    pub(super) fn mark(&self) -> PathBuf {
        self.path.join("mark")
    }

    /// Writes the format marker: from now on the directory is a store's.
    pub(super) fn finish(&self) -> io::Result<()> {
        let unfinished = self.path.join("format.new");
        let mut file = File::create(&unfinished)?;
        file.write_all(FORMAT.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(unfinished, self.path.join(FORMAT_FILE))?;
        sync(&self.path)?;
        self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync)
    }
}

/// Whether `path` is a store's directory already; an error if it neither is nor can become one.
fn look(path: &Path) -> Result<bool, OpenError> {
    let io = |error| OpenError::Io { directory: path.to_owned(), error };
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => return Err(OpenError::NotADirectory(path.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(OpenError::NotADirectory(path.to_owned()));
        }
        Err(error) => return Err(io(error)),
    }
    match fs::read(path.join(FORMAT_FILE)) {
        Ok(format) if format.trim_ascii_end() == FORMAT.as_bytes() => Ok(true),
        Ok(format) => {
            let found = String::from_utf8_lossy(&format[..format.len().min(80)]).trim_end().to_owned();
            Err(OpenError::OtherVersion { directory: path.to_owned(), found })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut names = Vec::new();
            for entry in fs::read_dir(path).map_err(io)? {
                names.push(entry.map_err(io)?.file_name());
            }
            names.retain(|name| name != LOST_AND_FOUND);
            // The lock file is the first thing made, so leftovers without it are not ours.
            let is_ours = names.iter().all(|name| UNFINISHED.iter().any(|unfinished| name == *unfinished))
                && (names.is_empty() || names.iter().any(|name| name == LOCK_FILE));
            if is_ours { Ok(false) } else { Err(OpenError::Foreign(path.to_owned())) }
        }
        Err(error) => Err(io(error)),
    }
}

/// Makes the names in a directory durable, where the system has a way to.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return File::open(directory)?.sync_all();
    #[cfg(not(unix))]
    {
        let _ = directory;
        Ok(())
    }
}
