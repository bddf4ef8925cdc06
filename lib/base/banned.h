/*
 * Functions that nobody may call here: each either cannot know the size of what it writes, hides
 * an error, or keeps hidden state. The compiler refuses them by name.
 */
#ifndef TP_BASE_BANNED_H
#define TP_BASE_BANNED_H

/* The system headers that declare them come first, so that the poison hits our code alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok
#pragma GCC poison atoi atol atoll atof gmtime localtime ctime asctime tmpnam mktemp

#endif
