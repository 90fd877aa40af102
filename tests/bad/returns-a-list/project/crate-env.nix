{ rust, ... }:
[ rust.default ]
