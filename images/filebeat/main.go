// Filebeat as its own main program starts it. Built from here, because its repository's go.mod points to forks by
// replace lines, which count in the main module alone: they are repeated in ours, with beats' version.
package main

import (
	"os"

	"github.com/elastic/beats/v7/filebeat/cmd"
	inputs "github.com/elastic/beats/v7/filebeat/input/default-inputs"
)

func main() {
	if err := cmd.Filebeat(inputs.Init, cmd.FilebeatSettings()).Execute(); err != nil {
		os.Exit(1)
	}
}
