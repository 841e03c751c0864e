"""The self test: the rules of design and specification, tried one by one."""
