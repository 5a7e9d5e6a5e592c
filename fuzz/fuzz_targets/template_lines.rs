//! Fuzzes `template_lines`.
#![no_main]

countersign_fuzz::target!("template_lines");
