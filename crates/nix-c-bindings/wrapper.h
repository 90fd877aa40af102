/* Every header of libnix's C API that the evaluator uses. */
#include <nix_api_util.h>
#include <nix_api_store.h>
#include <nix_api_expr.h>
#include <nix_api_value.h>
#include <nix_api_flake.h>
