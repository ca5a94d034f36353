# shellcheck shell=bash
# helped FILE ARGUMENT...: where --help or -h is among the arguments, prints the comment that the file begins with and is
# true. Neither root, packages nor a build is needed to read what a program takes.
helped() {
  local file=$1 argument
  shift
  for argument in "$@"; do
    case $argument in --help | -h)
      sed -n '/^\/\*\*/d; /^ \*\//q; s/^ \*\( \|$\)//p' "$file"
      return 0
      ;;
    esac
  done
  return 1
}
