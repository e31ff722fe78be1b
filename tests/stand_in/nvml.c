/* A stand-in for NVIDIA's management library: the calls that kerascrash makes, answered
 * from the text file that NVML_STAND_IN names. Structures and codes are those of NVML's
 * public interface. Lines of the file:
 *   device STATE TOTAL USED ECC        in order of their index; STATE ok, lost or hangs
 *   process DEVICE PID USED
 *   xid DEVICE CODE                    told once
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK = 0, UNINITIALIZED = 1, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7,
       TIMEOUT = 10, LOST = 15 };
enum { DEVICES = 16, PROCESSES = 64 };

struct device { char state[16]; unsigned long long total, used, ecc; };
struct process { unsigned device, pid; unsigned long long used; };
struct memory { unsigned long long total, free, used; };
struct process_info { unsigned pid; unsigned long long used; unsigned gi, ci; };
struct event { struct device *device; unsigned long long type, data; unsigned gi, ci; };
struct rates { unsigned gpu, memory; };

static struct device devices[DEVICES];
static struct process processes[PROCESSES];
static unsigned device_count, process_count, xid_device, xid;
static int xid_told;

static void load(void)
{
    char line[256], state[16];
    const char *path = getenv("NVML_STAND_IN");
    FILE *file = path ? fopen(path, "r") : NULL;
    unsigned d = 0, p = 0;
    while (file && fgets(line, sizeof line, file)) {
        struct device *one = &devices[d];
        struct process *row = &processes[p];
        if (d < DEVICES && sscanf(line, "device %15s %llu %llu %llu", state,
                                  &one->total, &one->used, &one->ecc) == 4) {
            strcpy(one->state, state);
            d++;
        } else if (p < PROCESSES && sscanf(line, "process %u %u %llu", &row->device,
                                           &row->pid, &row->used) == 3) {
            p++;
        } else {
            sscanf(line, "xid %u %u", &xid_device, &xid);
        }
    }
    if (file) {
        fclose(file);
        device_count = d;
        process_count = p;
    }
}

static int check(struct device *device)
{
    load();
    if (!strcmp(device->state, "hangs"))
        for (;;)
            pause();
    return strcmp(device->state, "lost") ? OK : LOST;
}

int nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    load();
    return device_count ? OK : UNINITIALIZED;
}
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code)
{
    return code == LOST ? "GPU is lost" : "no driver";
}
int nvmlSystemGetDriverVersion(char *text, unsigned size)
{
    snprintf(text, size, "999.1");
    return OK;
}
int nvmlDeviceGetCount_v2(unsigned *count) { load(); *count = device_count; return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **device)
{
    *device = &devices[index];
    return OK;
}
int nvmlDeviceGetName(struct device *device, char *text, unsigned size)
{
    (void)device;
    snprintf(text, size, "Stand-in 9000");
    return OK;
}
int nvmlDeviceGetMemoryInfo(struct device *device, struct memory *memory)
{
    int code = check(device);
    memory->total = device->total;
    memory->used = device->used;
    memory->free = device->total - device->used;
    return code;
}
int nvmlDeviceGetUtilizationRates(struct device *device, struct rates *rates)
{
    rates->gpu = 87;
    rates->memory = 40;
    return check(device);
}
int nvmlDeviceGetTemperature(struct device *device, unsigned sensor, unsigned *degrees)
{
    (void)sensor;
    *degrees = 71;
    return check(device);
}
int nvmlDeviceGetPowerUsage(struct device *device, unsigned *milliwatts)
{
    (void)device; (void)milliwatts;
    return NOT_SUPPORTED;
}
int nvmlDeviceGetTotalEccErrors(struct device *device, unsigned kind, unsigned counter,
                                unsigned long long *count)
{
    (void)kind; (void)counter;
    *count = device->ecc;
    return check(device);
}
int nvmlDeviceGetCurrentClocksThrottleReasons(struct device *device,
                                              unsigned long long *bits)
{
    *bits = 0x40 | 0x1;
    return check(device);
}
int nvmlDeviceGetComputeRunningProcesses_v3(struct device *device, unsigned *count,
                                            struct process_info *rows)
{
    unsigned room = *count, found = 0;
    int code = check(device);
    for (unsigned i = 0; i < process_count; i++)
        if (processes[i].device == (unsigned)(device - devices)) {
            if (rows && found < room)
                rows[found] = (struct process_info){
                    processes[i].pid, processes[i].used, 0, 0};
            found++;
        }
    *count = found;
    if (code)
        return code;
    return found > room || (found && !rows) ? INSUFFICIENT_SIZE : OK;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(struct device *device, unsigned *count,
                                             struct process_info *rows)
{
    (void)device; (void)rows;
    *count = 0;
    return OK;
}
int nvmlEventSetCreate(void **set) { *set = devices; return OK; }
int nvmlDeviceRegisterEvents(struct device *device, unsigned long long types, void *set)
{
    (void)device; (void)types; (void)set;
    return OK;
}
int nvmlEventSetWait_v2(void *set, struct event *event, unsigned milliseconds)
{
    (void)set;
    load();
    if (xid && !xid_told) {
        xid_told = 1;
        *event = (struct event){&devices[xid_device], 0x8, xid, 0, 0};
        return OK;
    }
    usleep(1000 * milliseconds);
    return TIMEOUT;
}
