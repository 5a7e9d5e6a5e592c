//! Fuzzes `aws_import`.
#![no_main]

countersign_fuzz::target!("aws_import");
