#!/bin/bash
# What the official image's entrypoint does with the variables that units/elk gives it.
set -e
cd /usr/share/elasticsearch
if [[ -n $ELASTIC_PASSWORD_FILE ]]; then ELASTIC_PASSWORD=$(<"$ELASTIC_PASSWORD_FILE"); fi
if [[ -n $ELASTIC_PASSWORD && ! -f config/elasticsearch.keystore ]]; then
  # With -f it makes the keystore too: one JVM instead of two, each of which takes ten seconds where it is emulated.
  printf %s "$ELASTIC_PASSWORD" | bin/elasticsearch-keystore add --stdin --force bootstrap.password
fi
unset ELASTIC_PASSWORD ELASTIC_PASSWORD_FILE
exec bin/elasticsearch "$@"
