#!/bin/sh
# Grule finds one moment in two offsets neither equal, nor later, nor earlier, and so neither `>=` nor `<=`.
#
# Grule's rules compare times by `==`, `<` and their like, and `>=` should hold where `==` or `>` does. For `==` Grule
# compares the fields of Go's time.Time, of which a location is one; Go's reference says that `==` is for that reason
# not for moments, and that Equal and Before are. `>` and `<` compare the moments, so all but `!=` are false for
# midnight in Denver and 06:00 in UTC. A call of Equal in the rule helps. A rule for "from July 1 on" leaves out who
# begins at that moment. Takes Go; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > main.go <<'END'
package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hyperjumptech/grule-rule-engine/ast"
	"github.com/hyperjumptech/grule-rule-engine/builder"
	"github.com/hyperjumptech/grule-rule-engine/engine"
	"github.com/hyperjumptech/grule-rule-engine/logger"
	"github.com/hyperjumptech/grule-rule-engine/pkg"
)

type Post struct {
	Begins, Opens time.Time
	Found         bool
}

func holds(condition, begins, opens string) bool {
	post := &Post{}
	document := fmt.Sprintf(`{"Begins": %q, "Opens": %q}`, begins, opens)
	if err := json.Unmarshal([]byte(document), post); err != nil {
		panic(err)
	}
	facts := ast.NewDataContext()
	if err := facts.Add("Post", post); err != nil {
		panic(err)
	}
	library := ast.NewKnowledgeLibrary()
	rule := "rule Find { when " + condition + ` then Post.Found = true; Retract("Find"); }`
	resource := pkg.NewBytesResource([]byte(rule))
	if err := builder.NewRuleBuilder(library).BuildRuleFromResource("posts", "1", resource); err != nil {
		panic(err)
	}
	base, err := library.NewKnowledgeBaseInstance("posts", "1")
	if err != nil {
		panic(err)
	}
	if err := engine.NewGruleEngine().Execute(facts, base); err != nil {
		panic(err)
	}
	return post.Found
}

func main() {
	logger.SetLogLevel(0)
	same, utc := "2026-07-01T00:00:00-06:00", "2026-07-01T06:00:00Z"
	for _, condition := range []string{
		"Post.Begins == Post.Opens", "Post.Begins != Post.Opens", "Post.Begins >= Post.Opens",
		"Post.Begins <= Post.Opens", "Post.Begins > Post.Opens", "Post.Begins < Post.Opens",
		"Post.Begins.Equal(Post.Opens)",
	} {
		fmt.Printf("%s: one text %t, two texts %t, one text with Z %t\n",
			condition, holds(condition, same, same), holds(condition, same, utc), holds(condition, utc, utc))
	}
}
END
go mod init example 2>/dev/null
grule=github.com/hyperjumptech/grule-rule-engine
go get $grule/builder@v1.20.4 $grule/engine@v1.20.4 2>/dev/null
go build -o try .
echo "Grule 1.20.4, $(go version | cut -d ' ' -f 3)"
TZ=UTC ./try | tee output
cat > expected <<'END'
Post.Begins == Post.Opens: one text true, two texts false, one text with Z true
Post.Begins != Post.Opens: one text false, two texts true, one text with Z false
Post.Begins >= Post.Opens: one text true, two texts false, one text with Z true
Post.Begins <= Post.Opens: one text true, two texts false, one text with Z true
Post.Begins > Post.Opens: one text false, two texts false, one text with Z false
Post.Begins < Post.Opens: one text false, two texts false, one text with Z false
Post.Begins.Equal(Post.Opens): one text true, two texts true, one text with Z true
END
diff expected output && echo "One moment should be equal to itself, and so neither later nor earlier."
