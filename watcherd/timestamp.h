/*
 * Times as text.  Pure.
 */
#ifndef TIMESTAMP_H
#define TIMESTAMP_H

/*
 * True for what the API takes for a time of RFC 3339, which is a bit more:
 * hours of one digit, odd offsets.
 */
int timestamp_matches(const char *);

#endif
