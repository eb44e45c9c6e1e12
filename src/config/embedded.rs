//! The files compiled into the program. `tests/config.rs` and `tests/templates.rs` hold the lists to what
//! lies in the folders. Called by the readers of this folder.

macro_rules! files {
    ($root:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $root, "/", $path)))),*]
    };
}

/// Path below `config/carriers` and text.
pub static CARRIERS: &[(&str, &str)] = files!("config/carriers":
    "other.toml",
    "rs/a1-rs.toml",
    "rs/globaltel-rs.toml",
    "rs/mts-rs.toml",
    "rs/yettel-rs.toml",
);

/// Path below `config/holidays` and text.
pub static HOLIDAYS: &[(&str, &str)] = files!("config/holidays":
    "rs.toml",
);
