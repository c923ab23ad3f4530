# A machine of its own, in namespaces: /etc, /opt and /var may be changed and are as before when it
# ends. $SOURCE is at /opt/detente, $COMPANY at /etc/detente, $HOME_FOLDER at /var/lib/detente.
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$PRIVATE"
for place in etc opt var; do
  mkdir "$PRIVATE/$place" "$PRIVATE/$place.work"
  mount -t overlay overlay -o "lowerdir=/$place,upperdir=$PRIVATE/$place,workdir=$PRIVATE/$place.work" "/$place"
done
mount -t tmpfs tmpfs /run
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /opt/detente /opt/python /etc/detente /var/lib/detente
mount --bind "$SOURCE" /opt/detente
mount --bind "$PYTHON" /opt/python
mount --bind "$COMPANY" /etc/detente
mount --bind "$HOME_FOLDER" /var/lib/detente
mount --bind "$COMMAND" /opt/detente/.venv/bin/detente
echo "detente:x:4321:4321::/var/lib/detente:/bin/sh" >> /etc/passwd
echo "detente:x:4321:" >> /etc/group
chown -R detente:detente /var/lib/detente
touch "$COMPANY/up"
