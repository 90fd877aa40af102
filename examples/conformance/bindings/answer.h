#include <stdint.h>

#define ANSWER 42

struct answer {
    uint64_t value;
};
