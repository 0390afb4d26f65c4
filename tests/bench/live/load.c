/* Load: opens many WebSockets, subscribes each, and counts the prices that come, at a microsecond or two of processor a read.

   load PORT MODE SETS HOST...
     MODE   json, v2 (Tracera's binary frames) or nats
     SETS   a file with a line for each client: its items, separated by blanks
     HOST   addresses of this machine to connect from, in turn: one has no more than 28,000 ports

   Prints "ready" once every subscription is confirmed. Commands, a line each:
     expect N   print "done" when N prices more have come
     mark       begin to measure anew
     mute N     never again read what comes for the first N clients
     report     print prices, bytes, processor seconds, p50 and p99 in microseconds, lost connections, since the mark

   A price tells when it was published: it is CLOCK_MONOTONIC in microseconds. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 4 << 20, CARRY = 64, STEP_US = 10, STEPS = 1000000, EVENTS = 1024, LINE = 65536, ROW = 28 };
enum mode { JSON, V2, NATS };

struct client {
    int fd, ready;
    unsigned char *rest; /* a frame that has not come whole */
    size_t waiting;
    char carry[CARRY]; /* a NATS message may go on in the next frame */
    size_t carried;
};

static struct client *clients;
static size_t count, confirmed, lost;
static enum mode mode;
static uint64_t prices, bytes, total, goal;
static int waiting;
static uint32_t steps[STEPS + 1];
static double cpu_before;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_us(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static double cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void counted(uint64_t published, uint64_t now) {
    uint64_t step = now > published ? (now - published) / STEP_US : 0;
    steps[step < STEPS ? step : STEPS]++;
    prices++;
    total++;
}

/* Counts the prices of JSON text; what is behind the last whole one is left. */
static size_t scan(const char *text, size_t length, uint64_t now) {
    static const char mark[] = "\"price\":";
    const char *at = text, *end = text + length, *found;
    while ((found = memmem(at, end - at, mark, sizeof mark - 1))) {
        const char *digit = found + sizeof mark - 1;
        uint64_t value = 0;
        while (digit < end && *digit >= '0' && *digit <= '9') value = value * 10 + (*digit++ - '0');
        if (digit == end) return found - text;
        counted(value, now);
        at = digit;
    }
    return at - text;
}

static void send_all(int fd, const void *data, size_t length) {
    const char *at = data;
    while (length) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent < 0) return; /* the next read tells that it is gone */
        at += sent;
        length -= sent;
    }
}

/* Masked with zeros, which leaves the payload as it is. */
static void send_frame(int fd, int opcode, const char *payload, size_t length) {
    static char frame[LINE * 2];
    size_t head = 2;
    frame[0] = 0x80 | opcode;
    if (length < 126) {
        frame[1] = 0x80 | length;
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = length >> 8;
        frame[3] = length;
        head = 4;
    }
    memset(frame + head, 0, 4);
    memcpy(frame + head + 4, payload, length);
    send_all(fd, frame, head + 4 + length);
}

static void confirm(struct client *client) {
    if (client->ready) return;
    client->ready = 1;
    if (++confirmed == count) puts("ready");
}

static void payload_nats(struct client *client, const char *payload, size_t length, uint64_t now) {
    static char joined[ROOM + CARRY];
    memcpy(joined, client->carry, client->carried);
    memcpy(joined + client->carried, payload, length);
    length += client->carried;
    if (!client->ready && memmem(joined, length, "PONG", 4)) confirm(client);
    if (length >= 6 && memmem(joined, length < CARRY ? length : CARRY, "PING\r\n", 6)) send_frame(client->fd, 2, "PONG\r\n", 6);
    size_t used = scan(joined, length, now);
    client->carried = length - used < CARRY ? length - used : CARRY - 1;
    memcpy(client->carry, joined + length - client->carried, client->carried);
}

static void payload_of(struct client *client, int opcode, const unsigned char *payload, size_t length, uint64_t now) {
    if (opcode == 9) {
        send_frame(client->fd, 10, (const char *)payload, length);
    } else if (opcode == 8) {
        fprintf(stderr, "closed with %d: %.*s\n", payload[0] << 8 | payload[1], (int)length - 2, payload + 2);
    } else if (mode == NATS) {
        payload_nats(client, (const char *)payload, length, now);
    } else if (opcode == 2) {
        uint16_t rows;
        double value;
        memcpy(&rows, payload + 4, 2);
        for (int row = 0; row < rows; row++) {
            memcpy(&value, payload + 24 + row * ROW + 4, 8);
            counted((uint64_t)value, now);
        }
    } else {
        if (!client->ready && memmem(payload, length, "\"subscribed\"", 12)) confirm(client);
        scan((const char *)payload, length, now);
    }
}

/* Reads whole frames; how many bytes they were. */
static size_t frames_of(struct client *client, const unsigned char *data, size_t length, uint64_t now) {
    size_t at = 0;
    while (length - at >= 2) {
        uint64_t size = data[at + 1] & 127;
        size_t head = size == 126 ? 4 : size == 127 ? 10 : 2;
        if (length - at < head) break;
        if (head > 2) {
            size = 0;
            for (size_t byte = 2; byte < head; byte++) size = size << 8 | data[at + byte];
        }
        if (length - at - head < size) break;
        payload_of(client, data[at] & 15, data + at + head, size, now);
        at += head + size;
    }
    return at;
}

static void receive(struct client *client) {
    static unsigned char buffer[ROOM];
    memcpy(buffer, client->rest, client->waiting);
    ssize_t got = recv(client->fd, buffer + client->waiting, ROOM - client->waiting, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        lost++;
        close(client->fd);
        return;
    }
    bytes += got;
    size_t length = client->waiting + got, used = frames_of(client, buffer, length, now_us());
    free(client->rest);
    client->waiting = length - used;
    client->rest = NULL;
    if (client->waiting) {
        if (client->waiting == ROOM || !(client->rest = malloc(client->waiting))) fail("a frame is too large");
        memcpy(client->rest, buffer + used, client->waiting);
    }
}

static int connected(const char *host, int port) {
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    inet_pton(AF_INET, host, &from.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (fd < 0 || bind(fd, (void *)&from, sizeof from) || connect(fd, (void *)&to, sizeof to)) fail("connect");
    return fd;
}

/* The handshake, whose answer may bring the first frames. */
static void open_socket(struct client *client, const char *host, int port) {
    char text[8192];
    size_t length = 0;
    char *end = NULL;
    client->fd = connected(host, port);
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                        mode == NATS ? "/" : "/api/v1/ws", port, port,
                        mode == V2 ? "Sec-WebSocket-Protocol: tracera.v2.binary\r\n" : "");
    send_all(client->fd, text, size);
    while (!end) {
        ssize_t got = recv(client->fd, text + length, sizeof text - 1 - length, 0);
        if (got <= 0) fail("handshake");
        text[length += got] = 0;
        end = strstr(text, "\r\n\r\n");
    }
    if (strncmp(text, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "refused: %s\n", text);
        exit(1);
    }
    client->waiting = text + length - end - 4;
    client->rest = malloc(client->waiting + 1);
    memcpy(client->rest, end + 4, client->waiting);
}

static void subscribe(struct client *client, char *items) {
    static char message[LINE];
    size_t length = 0;
    if (mode == NATS) length = sprintf(message, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
    else length = sprintf(message, "{\"action\":\"subscribe\",\"item_ids\":[");
    int number = 0;
    for (char *item = strtok(items, " \n"); item; item = strtok(NULL, " \n")) {
        if (mode == NATS) length += sprintf(message + length, "SUB prices.%s %d\r\n", item, ++number);
        else length += sprintf(message + length, "%s%s", number++ ? "," : "", item);
    }
    length += sprintf(message + length, mode == NATS ? "PING\r\n" : "]}");
    send_frame(client->fd, mode == NATS ? 2 : 1, message, length);
}

static double percentile(double share) {
    uint64_t rank = share * prices, seen = 0;
    for (size_t step = 0; step <= STEPS; step++)
        if ((seen += steps[step]) > rank) return (double)step * STEP_US;
    return 0;
}

static void command(const char *line, int epoll) {
    unsigned long long value = 0;
    if (sscanf(line, "expect %llu", &value) == 1) {
        goal += value; /* some of them may have come before the command */
        waiting = 1;
    } else if (sscanf(line, "mute %llu", &value) == 1) {
        for (size_t each = 0; each < value; each++) epoll_ctl(epoll, EPOLL_CTL_DEL, clients[each].fd, NULL);
    } else if (!strncmp(line, "mark", 4)) {
        prices = bytes = 0;
        memset(steps, 0, sizeof steps);
        cpu_before = cpu();
    } else if (!strncmp(line, "report", 6)) {
        printf("{\"prices\":%llu,\"bytes\":%llu,\"cpu\":%.3f,\"p50\":%.0f,\"p99\":%.0f,\"lost\":%zu}\n", (unsigned long long)prices,
               (unsigned long long)bytes, cpu() - cpu_before, percentile(0.5), percentile(0.99), lost);
    }
}

static void commands(int epoll) {
    static char typed[LINE];
    static size_t length;
    ssize_t got = read(0, typed + length, sizeof typed - 1 - length);
    if (got <= 0) exit(0);
    typed[length += got] = 0;
    char *at = typed, *end;
    for (; (end = strchr(at, '\n')); at = end + 1) {
        *end = 0;
        command(at, epoll);
    }
    length = typed + length - at;
    memmove(typed, at, length);
}

int main(int argc, char **argv) {
    static char line[LINE];
    if (argc < 5) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    mode = !strcmp(argv[2], "nats") ? NATS : !strcmp(argv[2], "v2") ? V2 : JSON;
    FILE *sets = fopen(argv[3], "r");
    if (!sets) fail(argv[3]);
    while (fgets(line, sizeof line, sets)) count++;
    rewind(sets);
    clients = calloc(count, sizeof *clients);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    for (size_t each = 0; each < count && fgets(line, sizeof line, sets); each++) {
        struct client *client = &clients[each];
        open_socket(client, argv[4 + each % (argc - 4)], atoi(argv[1]));
        fcntl(client->fd, F_SETFL, O_NONBLOCK);
        subscribe(client, line);
        event.data.ptr = client;
        epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event);
    }
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int each = 0; each < ready; each++) {
            if (events[each].data.ptr) receive(events[each].data.ptr);
            else commands(epoll);
        }
        if (waiting && total >= goal) {
            waiting = 0;
            puts("done");
        }
    }
}
