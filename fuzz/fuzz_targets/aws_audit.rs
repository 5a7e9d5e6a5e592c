//! Fuzzes `aws_audit`.
#![no_main]

countersign_fuzz::target!("aws_audit");
