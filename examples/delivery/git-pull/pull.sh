#!/bin/sh
# Bring the rendered files of an environment to DIR, if they are the journal's word (docs/delivery-git-pull.md).
# DIR becomes a link that is moved in one step; what stood there stays until the new files are whole and verified.
#   pull.sh CLONE ENVIRONMENT DIR
set -eu
clone=$1 environment=$2 dir=$3

git -C "$clone" fetch -q origin '+refs/heads/*:refs/remotes/origin/*'
commit=$(git -C "$clone" rev-parse --verify "refs/remotes/origin/agentgov/rendered/$environment^{commit}")
agentgov verify --repo "$clone" --rendered "$environment" "$commit" >&2

new=$dir.$commit old=$(readlink "$dir" || true)
[ "$old" != "$new" ] || exit 0
rm -rf "$new"
mkdir -p "$new"
git -C "$clone" archive --format=tar --output="$new.tar" "$commit"
tar -x -f "$new.tar" -C "$new"
rm "$new.tar"
ln -sfn "$new" "$dir.next"
mv -T "$dir.next" "$dir"
[ -z "$old" ] || rm -rf "$old"
