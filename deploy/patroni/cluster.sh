#!/usr/bin/env bash
# Three nodes of PostgreSQL under Patroni and etcd, with HAProxy and PgBouncer before them, all on this machine: to try what becomes of the
# service when one of them fails. On machines of your own, take the four files beside this one and put each program under systemd.
#
#   cluster.sh up FOLDER                starts everything, and returns when writes are taken and a standby confirms them
#   cluster.sh start FOLDER NAME        starts one program again: etcd1…3, patroni1…3, haproxy, pgbouncer
#   cluster.sh cut FOLDER NODE          takes a node off the network (with NAMESPACES=yes); join puts it back
#   cluster.sh primary FOLDER           prints the number of the node that takes writes
#   cluster.sh down FOLDER              ends everything that it has started, by the process ids in FOLDER/pid
#
# BASE_PORT (15432) and the five ports after it must be free. As root, and with NAMESPACES=yes, each node has a network of its own behind
# a bridge; else they are 127.0.0.11 to 127.0.0.13. Debian's packages: patroni etcd-server haproxy pgbouncer postgresql.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command=${1:-}
folder=${2:-}
if [ -z "$command" ] || [ -z "$folder" ]; then
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
  exit 2
fi

nodes=(1 2 3)
programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -V | tail -n 1)

# PostgreSQL and PgBouncer refuse to run as root.
as=()
if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid=postgres --regid=postgres --clear-groups); fi

make_settings() {
  mkdir -p "$folder"/{log,pid,node1,node2,node3}
  local random subnet
  random=$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')
  subnet=127.0.0.1
  if [ "${NAMESPACES:-no}" = yes ]; then subnet=198.18.$((random % 250)).; fi
  secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
  cat >"$folder/settings" <<EOF
namespaces=${NAMESPACES:-no}
tag=lk$random
subnet=$subnet
base=${BASE_PORT:-15432}
superuser_password=$(secret)
replication_password=$(secret)
service_password=$(secret)
EOF
  chmod 600 "$folder/settings"
}

read_settings() {
  # shellcheck disable=SC1091
  source "$folder/settings"
  rest=$((base + 1)) client=$((base + 2)) peer=$((base + 3)) direct=$((base + 4)) pooled=$((base + 5))
}

address() { echo "$subnet$1"; }

# The text of a file beside this one, with the names between @ filled in.
fill() {
  sed -e "s|@NODE@|$1|g" -e "s|@FOLDER@|$folder|g" -e "s|@PROGRAMS@|$programs|g" \
    -e "s|@ADDRESS@|$(address "$1")|g" -e "s|@ADDRESS1@|$(address 1)|g" -e "s|@ADDRESS2@|$(address 2)|g" -e "s|@ADDRESS3@|$(address 3)|g" \
    -e "s|@PORT@|$base|g" -e "s|@REST@|$rest|g" -e "s|@CLIENT@|$client|g" -e "s|@DIRECT@|$direct|g" -e "s|@POOLED@|$pooled|g" \
    -e "s|@SUPERUSER_PASSWORD@|$superuser_password|g" -e "s|@REPLICATION_PASSWORD@|$replication_password|g" "$2"
}

write_files() {
  for node in "${nodes[@]}"; do fill "$node" "$here/patroni.yaml" >"$folder/node$node/patroni.yaml"; done
  fill 0 "$here/haproxy.cfg" >"$folder/haproxy.cfg"
  fill 0 "$here/pgbouncer.ini" >"$folder/pgbouncer.ini"
  printf '"latchkey" "%s"\n' "$service_password" >"$folder/users.txt"
  chmod -R go-rwx "$folder"
  if [ "$(id -u)" = 0 ]; then chown -R postgres:postgres "$folder"; fi
}

make_networks() {
  [ "$namespaces" = yes ] || return 0
  ip link add "$tag" type bridge
  ip address add "${subnet}254/24" dev "$tag"
  ip link set "$tag" up
  for node in "${nodes[@]}"; do
    ip netns add "$tag-$node"
    ip link add "$tag-$node" type veth peer name eth0 netns "$tag-$node"
    ip link set "$tag-$node" master "$tag" up
    ip -n "$tag-$node" address add "$(address "$node")/24" dev eth0
    ip -n "$tag-$node" link set eth0 up
    ip -n "$tag-$node" link set lo up
  done
}

remove_networks() {
  [ "$namespaces" = yes ] || return 0
  for node in "${nodes[@]}"; do ip netns delete "$tag-$node" 2>/dev/null || true; done
  ip link delete "$tag" 2>/dev/null || true
}

# launch NAME NODE COMMAND…: node 0 is outside of all networks.
launch() {
  local name=$1 node=$2 within=()
  shift 2
  if [ "$namespaces" = yes ] && [ "$node" != 0 ]; then within=(ip netns exec "$tag-$node"); fi
  (cd "$folder" && exec setsid "${within[@]}" "${as[@]}" "$@" >>"$folder/log/$name.log" 2>&1 </dev/null) &
  echo $! >"$folder/pid/$name"
}

start() {
  local node=${1//[^0-9]/}
  case $1 in
    etcd[1-3])
      local here_client here_peer
      here_client=http://$(address "$node"):$client
      here_peer=http://$(address "$node"):$peer
      launch "$1" "$node" etcd --name "etcd$node" --enable-v2 --data-dir "$folder/node$node/etcd" \
        --listen-client-urls "$here_client" --advertise-client-urls "$here_client" \
        --listen-peer-urls "$here_peer" --initial-advertise-peer-urls "$here_peer" --initial-cluster-token "$tag" \
        --initial-cluster "etcd1=http://$(address 1):$peer,etcd2=http://$(address 2):$peer,etcd3=http://$(address 3):$peer"
      ;;
    patroni[1-3]) launch "$1" "$node" patroni "$folder/node$node/patroni.yaml" ;;
    haproxy) launch haproxy 0 haproxy -db -f "$folder/haproxy.cfg" ;;
    pgbouncer) launch pgbouncer 0 /usr/sbin/pgbouncer "$folder/pgbouncer.ini" ;;
    *) echo "There is no program $1." >&2 && exit 2 ;;
  esac
}

# Asks whoever takes writes at this moment.
ask() {
  PGPASSWORD=$superuser_password PGCONNECT_TIMEOUT=2 "$programs/psql" --no-psqlrc --quiet --tuples-only --no-align \
    --host 127.0.0.1 --port "$direct" --username postgres --dbname postgres --command "$1" 2>/dev/null
}

# wait_for SECONDS WHAT COMMAND…
wait_for() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    if [ $SECONDS -ge $until ]; then echo "Waited in vain for $what; see $folder/log." >&2 && exit 1; fi
    sleep 0.3
  done
}

has_standbys() { [ "$(ask "select count(*) || ' ' || count(*) filter (where sync_state = 'sync') from pg_stat_replication")" = "2 1" ]; }
takes_writes() { [ "$(ask 'select pg_is_in_recovery()')" = f ]; }

up() {
  make_settings
  read_settings
  write_files
  make_networks
  for node in "${nodes[@]}"; do start "etcd$node"; done
  for node in "${nodes[@]}"; do start "patroni$node"; done
  start haproxy
  wait_for 90 "a primary" takes_writes
  wait_for 90 "two standbys, one of which confirms writes" has_standbys
  ask "create role latchkey login password '$service_password'"
  ask "create database latchkey owner latchkey"
  start pgbouncer
  echo "postgres://latchkey:$service_password@127.0.0.1:$direct/latchkey" >"$folder/direct-url"
  echo "postgres://latchkey:$service_password@127.0.0.1:$pooled/latchkey" >"$folder/pooled-url"
  cat <<EOF
Migrate:            DATABASE_URL=$(cat "$folder/direct-url")
Run the service:    DATABASE_URL=$(cat "$folder/pooled-url") PREPARED_STATEMENTS=off
EOF
}

down() {
  read_settings
  local name pid
  for name in pgbouncer haproxy patroni1 patroni2 patroni3 etcd1 etcd2 etcd3; do
    pid=$(cat "$folder/pid/$name" 2>/dev/null || true)
    if [ -n "$pid" ]; then kill -CONT "$pid" 2>/dev/null && kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for node in "${nodes[@]}"; do
    pid=$(head -n 1 "$folder/node$node/data/postmaster.pid" 2>/dev/null || true)
    if [ -n "$pid" ]; then kill -QUIT "$pid" 2>/dev/null || true; fi
  done
  for name in "$folder"/pid/*; do
    pid=$(cat "$name")
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
    kill -KILL "$pid" 2>/dev/null || true
  done
  remove_networks
}

case $command in
  up) up ;;
  down) down ;;
  start) read_settings && start "${3:?NAME}" ;;
  cut) read_settings && ip link set "$tag-${3:?NODE}" down ;;
  join) read_settings && ip link set "$tag-${3:?NODE}" up ;;
  primary) read_settings && ask "select host(inet_server_addr())" | sed "s/^$subnet//" ;;
  *) echo "There is no command $command." >&2 && exit 2 ;;
esac
