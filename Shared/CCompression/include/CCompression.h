#pragma once
#include <isa-l/igzip_lib.h>
#include <zlib.h>
#include <zstd.h>
