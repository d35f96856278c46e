"""Counts instructions of calls under callgrind; what counts mean is explain/'s and compare/'s."""
