// Reads texts from standard input, each behind its length in a line of its
// own, and prints what a kubelet makes of each: JSON, or "error: ...".
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

// JSON without what encoding/json escapes for browsers.
func plain(text []byte) (string, error) {
	var value interface{}
	var out bytes.Buffer

	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return "", err
	}
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(out.Bytes())), nil
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()

	for {
		var n int
		if _, err := fmt.Fscanf(in, "%d\n", &n); err != nil {
			return
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		answer, err := yaml.YAMLToJSON(text)
		line := ""
		if err == nil {
			line, err = plain(answer)
		}
		if err != nil {
			line = fmt.Sprintf("error: %q", err.Error())
		}
		fmt.Fprintln(out, line)
	}
}
