//! How fast objects are parsed.
fn main() {
    divan::main();
}
