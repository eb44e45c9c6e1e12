//! The program `odjava`.

fn main() {}
