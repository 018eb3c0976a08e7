# shellcheck shell=bash
# What the images of units/elk consist of where package registries are all that is reached (docs/elk.md): Elasticsearch
# from Maven, Filebeat and our own stand-ins from Go. `npm run -s images -- NAME --files FOLDER` takes it from there.

elk_zip_digest=5d3a8f63f66d828a24d29f88819bf2c6e695d124c470da3ab92a5d6cc1397785

setup_elk() {
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/flotilla/elk name
  mkdir -p "$folder"
  elk_elasticsearch "$folder"
  command -v go >/dev/null || setup_packages "images of units/elk" golang-go
  for name in collector histogram filebeat; do elk_program "$folder" "$name"; done
}

# The digest says what the zip is, whoever Maven got it from.
elk_elasticsearch() {
  local folder=$1 staging zip
  if [[ -f $folder/elasticsearch/.digest && $(<"$folder/elasticsearch/.digest") == "$elk_zip_digest" ]]; then
    say "Elasticsearch: $folder/elasticsearch (fetched before)"
    return
  fi
  command -v mvn >/dev/null || setup_packages "Elasticsearch" maven
  command -v unzip >/dev/null || setup_packages "Elasticsearch" unzip
  staging=$(mktemp -d "$folder/.staging.XXXXXX")
  run_logged "download of Elasticsearch" timeout --foreground 1800 mvn --batch-mode --no-transfer-progress \
    --file images/elasticsearch/pom.xml dependency:copy -DoutputDirectory="$staging" ||
    fail "Elasticsearch can't be had. Next step: read the output above; Maven takes mirrors and proxies from settings.xml"
  zip=$(echo "$staging"/*.zip)
  echo "$elk_zip_digest  $zip" | sha256sum --check --status ||
    fail "$zip is not the Elasticsearch that is expected: its SHA-256 is $(sha256sum <"$zip" | cut -d ' ' -f 1)." \
      "Next step: ask where Maven's mirror has it from; nothing was unpacked"
  unzip -q "$zip" -d "$staging"
  # Settings come from variables then, as in the official image.
  sed -i 's/^ES_DISTRIBUTION_TYPE=.*/ES_DISTRIBUTION_TYPE=docker/' "$staging"/elasticsearch-*/bin/elasticsearch-env
  echo "$elk_zip_digest" >"$(echo "$staging"/elasticsearch-*/)/.digest"
  rm -rf "$folder/elasticsearch"
  mv "$staging"/elasticsearch-*/ "$folder/elasticsearch"
  rm -rf "$staging"
  say "Elasticsearch: $folder/elasticsearch (fetched)"
}

# elk_program FOLDER NAME: builds the program of images/NAME, whose own tests have to pass first.
elk_program() {
  local folder=$1 name=$2 sources
  sources=$(find "images/$name" -type f -print0 | sort --zero-terminated | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
  if [[ -x $folder/$name && $(cat "$folder/$name.sources" 2>/dev/null) == "$sources" ]]; then
    say "$name: $folder/$name (built before)"
    return
  fi
  local -x GOFLAGS="-mod=readonly -buildvcs=false" GOTOOLCHAIN=${GOTOOLCHAIN:-auto} CGO_ENABLED=0
  local go=(timeout --foreground 3600 go -C "images/$name")
  run_logged "test of images/$name" "${go[@]}" test ./... && run_logged "build of images/$name" \
    "${go[@]}" build -trimpath -ldflags "-s -w" -o "$folder/.$name" . ||
    fail "$name can't be built. Next step: read the output above; a proxy for modules is taken from GOPROXY and HTTPS_PROXY"
  mv "$folder/.$name" "$folder/$name"
  echo "$sources" >"$folder/$name.sources"
  say "$name: $folder/$name (built)"
}
