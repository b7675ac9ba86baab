"""How steps write what takes more than one call: tables of signals, the files of an export."""
